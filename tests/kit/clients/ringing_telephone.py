"""A telephone in this process, whose network is the emulator of another one (`tests.cloud.acs.remote_caller`)."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect

from tests.cloud.acs.remote_caller import PATH

ANSWER_S = 60.0
SAID_S = 150.0
ENDED_S = 60.0


class RingingTelephone:
    """One call. `outcome` is the emulator's last message, once the call is over."""

    def __init__(self, socket: ClientConnection) -> None:
        self.call_id = ""
        self.outcome: dict[str, Any] | None = None
        self.answered_s = 0.0
        self._socket = socket
        self._said: asyncio.Queue[None] = asyncio.Queue()
        self._answered = asyncio.Event()
        self._listening = asyncio.ensure_future(self._listen())

    @classmethod
    @asynccontextmanager
    async def ring(cls, emulator: str, webhook: str, from_: str, to: str) -> AsyncIterator[Self]:
        """Somebody calls through the emulator at that address; hangs up at the end.

        Raises:
            OSError, InvalidHandshake: there is none.
        """
        query = urlencode({"from": from_, "to": to, "webhook": webhook})
        async with connect(f"{emulator.replace('http', 'ws', 1)}{PATH}?{query}", proxy=None) as socket:
            telephone = cls(socket)
            try:
                yield telephone
            finally:
                telephone._listening.cancel()

    async def _listen(self) -> None:
        async for text in self._socket:
            match (event := json.loads(text))["type"]:
                case "answered":
                    self.call_id = event["call_id"]
                    self.answered_s = asyncio.get_running_loop().time()
                    self._answered.set()
                case "said":
                    self._said.put_nowait(None)
                case "ended":
                    self.outcome = event
                    self._answered.set()

    @property
    def is_connected(self) -> bool:
        """True between answer and end."""
        return bool(self.call_id) and not self._listening.done() and self.outcome is None

    @property
    def now_s(self) -> float:
        """Seconds since the call was answered."""
        return asyncio.get_running_loop().time() - self.answered_s

    async def answered(self) -> bool:
        """Wait until the call is answered; False if it is over before.

        Raises:
            TimeoutError: neither came in time.
        """
        await asyncio.wait_for(self._answered.wait(), ANSWER_S)
        return self.is_connected

    async def say(self, pcm: bytes) -> None:
        """Speak PCM16LE at 16 kHz, in real time; returns when it has been said, or the call is over.

        Raises:
            TimeoutError: neither came in time.
        """
        await self._socket.send(pcm)
        said = asyncio.ensure_future(self._said.get())
        try:
            await asyncio.wait({said, self._listening}, timeout=SAID_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            said.cancel()
        if not said.done() and not self._listening.done():
            raise TimeoutError

    async def hang_up(self) -> dict[str, Any]:
        """End the call if it is not over; what became of it.

        Raises:
            TimeoutError: the emulator does not say.
        """
        if self.outcome is None:
            await self._socket.send("hang up")
            await asyncio.wait_for(asyncio.shield(self._listening), ENDED_S)
        if self.outcome is None:
            raise TimeoutError
        return self.outcome
