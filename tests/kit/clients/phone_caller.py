"""A person on an emulated telephone call with a running server: speaks, listens, and follows the session besides.

Imports nothing of the product. What was understood and said comes from the dashboard's relay; what was heard, from the
telephone itself.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from websockets.asyncio.client import ClientConnection

from tests.cloud.acs.caller import Caller, CallOver, Spoken
from tests.kit.clients.session_follower import SessionFollower, relay_of
from tests.kit.speech import RATE_HZ


class PhoneCaller(SessionFollower):
    """`events` are the relay's, each with the second of the call at which it came."""

    def __init__(self, caller: Caller, relay: ClientConnection, session_id: str) -> None:
        super().__init__(relay, session_id, lambda: caller.is_connected, lambda: self.now_s)
        self.caller = caller

    @classmethod
    @asynccontextmanager
    async def on(cls, caller: Caller, url: str) -> AsyncIterator[Self]:
        """The caller of a call that is being answered by the server at `url`."""
        call = await caller.connected(20)
        async with relay_of(url, call.connection_id) as (relay, session_id):
            person = cls(caller, relay, session_id)
            try:
                yield person
            finally:
                person.stop()

    @property
    def now_s(self) -> float:
        """Seconds since the call was answered."""
        return asyncio.get_running_loop().time() - (self.caller.ear.started_s or 0.0)

    async def say(self, pcm: bytes) -> Spoken:
        """Speak PCM16LE at 16 kHz."""
        return await self.caller.say(pcm, RATE_HZ)

    def hang_up(self) -> None:
        """Harmless when the call is over."""
        if self.caller.is_connected:
            try:
                self.caller.hang_up()
            except CallOver:
                return
