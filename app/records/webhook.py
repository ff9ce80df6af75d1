"""Sends each record once to a webhook, with the signature of Standard Webhooks (standardwebhooks.com); retries."""

import asyncio
import base64
import hashlib
import hmac
import logging
import time
from contextlib import suppress

from aiohttp import ClientError, ClientSession, ClientTimeout
from opentelemetry import metrics

from config.secret import Secret

log = logging.getLogger(__name__)

MOST_WAITING = 500
"""The most records that wait to be sent; further ones are not sent."""
SENDERS = 4
TIMEOUT_S = 5.0
RETRY_S = (1.0, 5.0, 25.0, 60.0)
"""Seconds before the second attempt, the third and so on; after the last of them a record is given up."""
CLOSE_S = 2.0

_failures = metrics.get_meter("earshot").create_counter(
    "earshot.call_record.failures", description="Records of calls that the webhook has not taken, by reason"
)


class Webhook:
    """Posts the records of conversations to one address. Belongs to the loop's thread.

    Args:
        url: where records are posted.
        secret: what they are signed with.
    """

    def __init__(self, url: str, secret: Secret) -> None:
        self._url = url
        self._secret = secret
        self._waiting: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(MOST_WAITING)
        self._http: ClientSession | None = None
        self._senders: list[asyncio.Task[None]] = []

    def send(self, record_id: str, body: bytes) -> None:
        """Have a record posted soon; never waits."""
        try:
            self._waiting.put_nowait((record_id, body))
        except asyncio.QueueFull:
            _given_up("overflow", "too many records wait for the webhook")
            return
        if not self._senders:
            self._http = ClientSession(timeout=ClientTimeout(total=TIMEOUT_S))
            self._senders = [asyncio.create_task(self._work(), name="webhook") for _ in range(SENDERS)]

    async def close(self) -> None:
        """Send what waits, for CLOSE_S at most; the rest is lost."""
        if not self._senders:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._waiting.join()
        for sender in self._senders:
            sender.cancel()
        await asyncio.gather(*self._senders, return_exceptions=True)
        if self._http is not None:
            await self._http.close()
        for _ in range(self._waiting.qsize()):
            _given_up("ended", "the worker ended before a record was sent")

    async def _work(self) -> None:
        while True:
            record_id, body = await self._waiting.get()
            try:
                await self._deliver(record_id, body)
            except Exception as error:  # noqa: BLE001 - a fault in one record must not end the sending of all others
                _given_up("fault", f"it cannot be sent: {type(error).__name__}")
            finally:
                self._waiting.task_done()

    async def _deliver(self, record_id: str, body: bytes) -> None:
        reason = ""
        for delay_s in (0.0, *RETRY_S):
            await asyncio.sleep(delay_s)
            reason, is_final = await self._attempt(record_id, body)
            if not reason:
                return
            if is_final:
                break
        _given_up("refused", f"the webhook does not take a record: {reason}")

    async def _attempt(self, record_id: str, body: bytes) -> tuple[str, bool]:
        """Why it was not taken, nothing if it was; and whether there is no use in trying again."""
        assert self._http is not None
        headers = {"Content-Type": "application/json", **signature(self._secret, record_id, int(time.time()), body)}
        try:
            async with self._http.post(self._url, data=body, headers=headers, allow_redirects=False) as answer:
                status = answer.status
        except (ClientError, TimeoutError, OSError) as error:
            return type(error).__name__, False
        if 200 <= status < 300:
            return "", True
        return f"status {status}", status < 500 and status not in (408, 425, 429)


def signature(secret: Secret, record_id: str, at: int, body: bytes) -> dict[str, str]:
    """The headers that prove where a body comes from. `at`: seconds since 1970; receivers refuse what is old."""
    signed = hmac.new(secret.reveal().encode(), f"{record_id}.{at}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": record_id,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }


def _given_up(reason: str, cause: str) -> None:
    _failures.add(1, {"reason": reason})
    log.warning("a call record is lost: %s", cause)
