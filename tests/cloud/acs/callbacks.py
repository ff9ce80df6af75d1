"""Events on their way to the application: signed, in order for each call, tried again when not taken."""

import asyncio
from typing import Any

import aiohttp
import msgspec

from tests.cloud.acs.events import PREFIX
from tests.cloud.acs.faults import Faults
from tests.cloud.background import Background
from tests.cloud.journal import PATIENCE_S, Journal
from tests.cloud.tokens import TokenIssuer

ATTEMPTS = 4
BACKOFF_S = 0.05
TIMEOUT_S = 10.0


class Attempt(msgspec.Struct, frozen=True):
    """One try to deliver: the status answered, or what went wrong instead."""

    at_s: float
    status: int | None
    answer: str


class Delivery(msgspec.Struct):
    """An event and how it was taken."""

    event: dict[str, Any]
    url: str
    attempts: list[Attempt]

    @property
    def name(self) -> str:
        """The type without its prefix."""
        return str(self.event["type"]).removeprefix(PREFIX)

    @property
    def call_connection_id(self) -> str:
        """The call it is about."""
        return str(self.event["data"].get("callConnectionId", ""))

    @property
    def status(self) -> int | None:
        """Of the last attempt, None if nothing was answered."""
        return self.attempts[-1].status if self.attempts else None

    @property
    def taken(self) -> bool:
        """True if the application said so."""
        return self.status is not None and 200 <= self.status < 300


class Callbacks:
    """Sends the events. `sent`: as they were emitted. `deliveries`: as each was taken, or given up."""

    def __init__(
        self, session: aiohttp.ClientSession, tokens: TokenIssuer, faults: Faults, background: Background
    ) -> None:
        self.attempts = ATTEMPTS
        self.backoff_s = BACKOFF_S
        self.sent: Journal[Delivery] = Journal()
        self.deliveries: Journal[Delivery] = Journal()
        self._session = session
        self._tokens = tokens
        self._faults = faults
        self._background = background
        self._last: dict[str, asyncio.Task[None]] = {}
        self._held: dict[tuple[str, str], list[Delivery]] = {}

    def emit(self, event: dict[str, Any], url: str, call: str) -> None:
        """Send `event`, after those before it of the same call."""
        delivery = Delivery(event, url, [])
        self.sent.append(delivery)
        if other := self._faults.swapped(delivery.name):
            self._held.setdefault((call, other), []).append(delivery)
            return
        self._dispatch(delivery, call)
        for held in self._held.pop((call, delivery.name), []):
            self._dispatch(held, call)

    async def taken(self, name: str, call: str | None = None, timeout_s: float = PATIENCE_S) -> Delivery:
        """The first event of that name (of that call) that the application took, which may yet have to come."""
        return await self.deliveries.until(
            lambda d: d.taken and d.name == name and call in (None, d.call_connection_id), timeout_s
        )

    def _dispatch(self, delivery: Delivery, call: str) -> None:
        fault = self._faults.event(delivery.name)
        for number in range(fault.copies):
            copy = delivery if not number else Delivery(delivery.event, delivery.url, [])
            if fault.delay_s:
                self._background.later(fault.delay_s, self._deliver(copy))
            else:
                self._last[call] = self._background.start(self._deliver_after(self._last.get(call), copy))

    async def _deliver_after(self, before: asyncio.Task[None] | None, delivery: Delivery) -> None:
        if before is not None:
            await asyncio.wait([before])
        await self._deliver(delivery)

    async def _deliver(self, delivery: Delivery) -> None:
        headers = {"Content-Type": "application/json", **self._authorization()}
        body = msgspec.json.encode([delivery.event])
        for number in range(self.attempts):
            if number:
                await asyncio.sleep(self.backoff_s * 2 ** (number - 1))
            delivery.attempts.append(await self._post(delivery.url, body, headers))
            if delivery.taken:
                break
        self.deliveries.append(delivery)

    async def _post(self, url: str, body: bytes, headers: dict[str, str]) -> Attempt:
        at_s = asyncio.get_running_loop().time()
        try:
            timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
            async with self._session.post(
                url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                return Attempt(at_s, answer.status, await answer.text())
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return Attempt(at_s, None, f"{type(error).__name__}: {error}")

    def _authorization(self) -> dict[str, str]:
        forged = self._faults.callback_token
        token = self._tokens.forge(forged) if forged else self._tokens.issue()
        return {"Authorization": f"Bearer {token}"} if token else {}
