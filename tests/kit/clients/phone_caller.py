"""A person on an emulated telephone call with a running server: speaks, listens, and follows the session besides.

Imports nothing of the product. What was understood and said comes from the dashboard's relay; what was heard, from the
telephone itself.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Self

import httpx
from websockets.asyncio.client import ClientConnection, connect

from tests.cloud.acs.caller import Caller, CallOver, Spoken
from tests.kit.clients.replies import is_understood, reply_is_over, said_by_agent
from tests.kit.speech import RATE_HZ


class PhoneCaller:
    """`events` are the relay's, each with the second of the call at which it came."""

    def __init__(self, caller: Caller, relay: ClientConnection, session_id: str) -> None:
        self.caller = caller
        self.session_id = session_id
        self.events: list[tuple[float, dict[str, Any]]] = []
        self.on_event: Callable[[float, dict[str, Any]], None] = lambda at_s, event: None
        self._relay = relay
        self._changed = asyncio.Event()
        self._listening = asyncio.ensure_future(self._listen())

    @classmethod
    @asynccontextmanager
    async def on(cls, caller: Caller, url: str) -> AsyncIterator[Self]:
        """The caller of a call that is being answered by the server at `url`."""
        call = await caller.connected(20)
        async with httpx.AsyncClient(base_url=f"{url}/api/v1", trust_env=False) as rest:
            session_id = await _session_of(rest, call.connection_id)
        address = f"{url.replace('http', 'ws', 1)}/api/v1/realtime/dashboard/relay?session_id={session_id}"
        async with connect(address, proxy=None) as relay:
            person = cls(caller, relay, session_id)
            try:
                yield person
            finally:
                person._listening.cancel()

    async def _listen(self) -> None:
        async for text in self._relay:
            event = json.loads(text)
            self.events.append((self.now_s, event))
            self.on_event(*self.events[-1])
            self._changed.set()

    @property
    def now_s(self) -> float:
        """Seconds since the call was answered."""
        return asyncio.get_running_loop().time() - (self.caller.ear.started_s or 0.0)

    async def say(self, pcm: bytes) -> Spoken:
        """Speak PCM16LE at 16 kHz."""
        return await self.caller.say(pcm, RATE_HZ)

    async def until(self, condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
        """Wait for something to hold of the events, or for the end of the call.

        Raises:
            TimeoutError: neither came in time.
        """
        async with asyncio.timeout(timeout_s):
            while not condition() and self.caller.is_connected:
                if self._listening.done():
                    await self._listening
                self._changed.clear()
                try:
                    async with asyncio.timeout(0.2):
                        await self._changed.wait()
                except TimeoutError:
                    continue

    async def reply(self, after: int = 0, timeout_s: float = 40.0) -> str:
        """What the agent said since event number `after`, once it was heard to its end and nobody speaks."""
        await self.until(lambda: reply_is_over(self._told(after)), timeout_s)
        return self.said_by_agent(after)

    def of(self, kind: str, after: int = 0) -> list[dict[str, Any]]:
        """The events of one type since number `after`."""
        return [event for event in self._told(after) if event["type"] == kind]

    def _told(self, after: int) -> list[dict[str, Any]]:
        return [event for _, event in self.events[after:]]

    def said_by_agent(self, after: int = 0) -> str:
        """What was heard of the agent."""
        return said_by_agent(self._told(after))

    def understood(self, after: int = 0) -> list[str]:
        """The caller's words as the server understood them."""
        return [event["payload"]["message"] for event in self._told(after) if is_understood(event)]

    def tools(self) -> list[dict[str, Any]]:
        """Tool calls with their results."""
        starts = {event["callId"]: event for event in self.of("tool_start")}
        return [{**starts[e["callId"]], **e} for e in self.of("tool_end") if e["callId"] in starts]

    def hang_up(self) -> None:
        """Harmless when the call is over."""
        if self.caller.is_connected:
            try:
                self.caller.hang_up()
            except CallOver:
                return


async def _session_of(rest: httpx.AsyncClient, call_id: str) -> str:
    """The session of a call: the one whose id its record names."""
    async with asyncio.timeout(60):
        while True:
            sessions = (await rest.get("/sessions")).json()["sessions"]
            for session in sessions:
                if session.get("call_id") == call_id:
                    return str(session["session_id"])
            await asyncio.sleep(0.02)
