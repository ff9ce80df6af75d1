"""Event Grid as a webhook meets it: the handshakes and the deliveries, in both schemas."""

import asyncio
import uuid
from datetime import UTC, datetime
from typing import Any, Literal

import aiohttp
import msgspec

from tests.cloud.journal import Journal
from tests.cloud.tokens import Forgery, TokenIssuer

TOPIC = (
    "/subscriptions/50ad1522-5c2c-4d9a-a6c8-67c11ecb75b8/resourcegroups/telephony/providers/"
    "microsoft.communication/communicationservices/emulated"
)
TIMEOUT_S = 30.0
SCHEDULE_S = (10.0, 30.0, 60.0, 300.0, 600.0, 1_800.0, 3_600.0)
"""Documented waits before each further attempt; then hourly. "delivery-and-retry" of Microsoft's Event Grid pages."""
NOT_BEFORE_S = {404: 300.0, 408: 120.0, 503: 30.0}
"""After such an answer the next attempt comes no sooner than this, whatever the schedule says."""
FINAL = (400, 401, 403, 413)
"""Answers of a webhook after which Event Grid does not try again."""
ATTEMPTS = 30
"""The most attempts of one delivery, by default."""
FAILURES_BEFORE_DELAY = 10
DELAY_S = 300.0
"""Once so many events in a row have failed, new ones are held back too: documented as "some time", up to hours."""


class GridDelivery(msgspec.Struct):
    """A delivery and how each attempt was answered; status None: nothing was."""

    url: str
    events: list[dict[str, Any]]
    statuses: list[int | None]
    answer: bytes = b""

    @property
    def status(self) -> int | None:
        """Of the last attempt."""
        return self.statuses[-1] if self.statuses else None

    @property
    def json(self) -> Any:
        """The answer."""
        return msgspec.json.decode(self.answer)


class EventGrid:
    """A subscription. `secret`: header name and value sent along. `tokens`: signs a bearer token for each delivery.

    `time_scale`: what a documented wait is multiplied by; 1 is the service's own pace, which a test that does not wait
    for a second attempt leaves as it is.
    """

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.schema: Literal["event_grid", "cloud_events"] = "event_grid"
        self.subscription_name = "INCOMING-CALLS"
        self.secret: tuple[str, str] | None = None
        self.tokens: TokenIssuer | None = None
        self.forgery: Forgery | None = None
        self.attempts = ATTEMPTS
        self.time_scale = 1.0
        self.deliveries: Journal[GridDelivery] = Journal()
        self._session = session
        self._failed_in_a_row = 0

    async def validate(self, url: str) -> bool:
        """The handshake of the schema; true if the webhook passed it."""
        if self.schema == "cloud_events":
            return await self._validate_cloud_events(url)
        code = str(uuid.uuid4()).upper()
        about = {"validationCode": code, "validationUrl": "https://eventgrid.invalid/validate?id=1"}
        event = self.event("Microsoft.EventGrid.SubscriptionValidationEvent", about)
        delivery = await self.deliver(url, [event], kind="SubscriptionValidation")
        try:
            return delivery.status == 200 and delivery.json == {"validationResponse": code}
        except msgspec.DecodeError:
            return False

    async def deliver(
        self, url: str, events: list[dict[str, Any]], *, kind: str = "Notification", copies: int = 1
    ) -> GridDelivery:
        """Events in one delivery, which is made `copies` times over, as Event Grid delivers at least once."""
        single = self.schema == "cloud_events" and len(events) == 1
        body = msgspec.json.encode(events[0] if single else events)
        delivery = GridDelivery(url, events, [])
        for _ in range(copies):
            await self._deliver(delivery, body, self._headers(kind, single))
        self.deliveries.append(delivery)
        return delivery

    def event(self, event_type: str, about: dict[str, Any], subject: str = "") -> dict[str, Any]:
        """One event in the envelope of the schema."""
        if self.schema == "cloud_events":
            return {
                "id": str(uuid.uuid4()),
                "source": TOPIC,
                "subject": subject,
                "data": about,
                "type": event_type,
                "time": _now(),
                "specversion": "1.0",
            }
        validation = event_type.endswith("ValidationEvent")
        return {
            "id": str(uuid.uuid4()),
            "topic": TOPIC,
            "subject": subject,
            "data": about,
            "eventType": event_type,
            "dataVersion": "1" if validation else "1.0",
            "metadataVersion": "1",
            "eventTime": _now(),
        }

    async def _validate_cloud_events(self, url: str) -> bool:
        headers = {"WebHook-Request-Origin": "eventgrid.azure.net", "WebHook-Request-Rate": "120"}
        async with self._session.options(url, headers={**headers, **self._credentials()}) as answer:
            allowed = answer.headers.get("WebHook-Allowed-Origin")
            return answer.status == 200 and allowed in ("*", "eventgrid.azure.net")

    @property
    def delays(self) -> bool:
        """Whether new events are held back, since too many have failed."""
        return self._failed_in_a_row >= FAILURES_BEFORE_DELAY

    async def _deliver(self, delivery: GridDelivery, body: bytes, headers: dict[str, str]) -> None:
        if self.delays:
            await asyncio.sleep(DELAY_S * self.time_scale)
        for number in range(self.attempts):
            if number:
                await asyncio.sleep(wait_s(number, delivery.status) * self.time_scale)
            await self._attempt(delivery, body, {**headers, "aeg-delivery-count": str(number)})
            status = delivery.status
            if status is not None and 200 <= status < 300:
                self._failed_in_a_row = 0
                return
            if not number:
                self._failed_in_a_row += 1
            if status in FINAL:
                return

    async def _attempt(self, delivery: GridDelivery, body: bytes, headers: dict[str, str]) -> None:
        try:
            timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
            async with self._session.post(
                delivery.url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                delivery.answer = await answer.read()
                delivery.statuses.append(answer.status)
        except (aiohttp.ClientError, TimeoutError, OSError):
            delivery.statuses.append(None)

    def _headers(self, kind: str, single: bool) -> dict[str, str]:
        if self.schema == "cloud_events":
            form = "cloudevents" if single else "cloudevents-batch"
            content_type = f"application/{form}+json; charset=utf-8"
        else:
            content_type = "application/json; charset=utf-8"
        headers = {
            "Content-Type": content_type,
            "aeg-event-type": kind,
            "aeg-subscription-name": self.subscription_name,
            "aeg-data-version": "1.0",
            "aeg-metadata-version": "1",
        }
        return {**headers, **self._credentials()}

    def _credentials(self) -> dict[str, str]:
        headers = dict([self.secret] if self.secret else [])
        if self.tokens is not None:
            token = self.tokens.forge(self.forgery) if self.forgery else self.tokens.issue()
            if token:
                headers["Authorization"] = f"Bearer {token}"
        return headers


def wait_s(attempt: int, status: int | None) -> float:
    """Seconds before attempt number `attempt` (the first one is 0), when the one before was answered with `status`."""
    return max(SCHEDULE_S[min(attempt, len(SCHEDULE_S)) - 1], NOT_BEFORE_S.get(status or 0, 0.0))


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}0Z"
