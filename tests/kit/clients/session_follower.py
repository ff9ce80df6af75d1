"""Whoever talks with a running server by other means, and follows the session on the dashboard's relay besides.

Imports nothing of the product. What was understood and said comes from the relay.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from tests.kit.clients.replies import is_understood, reply_is_over, said_by_agent
from tests.kit.serving import AUTHORITIES

SESSION_S = 60.0
"""A call that was answered has a session by then."""


class ServerRefusedError(Exception):
    """The server does not show its sessions. The text is one line."""


class SessionFollower:
    """`events` are the relay's, each with the second of the call at which it came.

    `is_connected` and `now_s` say whether the call is up, and how many seconds ago it was answered.
    """

    def __init__(
        self, relay: ClientConnection, session_id: str, is_connected: Callable[[], bool], now_s: Callable[[], float]
    ) -> None:
        self.session_id = session_id
        self.events: list[tuple[float, dict[str, Any]]] = []
        self.on_event: Callable[[float, dict[str, Any]], None] = lambda at_s, event: None
        self._is_connected = is_connected
        self._now_s = now_s
        self._relay = relay
        self._changed = asyncio.Event()
        self._listening = asyncio.ensure_future(self._listen())

    async def _listen(self) -> None:
        async for text in self._relay:
            event = json.loads(text)
            self.events.append((self._now_s(), event))
            self.on_event(*self.events[-1])
            self._changed.set()

    def stop(self) -> None:
        """Follow the session no more."""
        self._listening.cancel()

    async def until(self, condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
        """Wait for something to hold of the events, or for the end of the call.

        Raises:
            TimeoutError: neither came in time.
        """
        async with asyncio.timeout(timeout_s):
            while not condition() and self._is_connected():
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


@asynccontextmanager
async def relay_of(url: str, call_id: str, operator_token: str = "") -> AsyncIterator[tuple[ClientConnection, str]]:
    """The relay of the session of a call that the server at `url` answers, and the session's id.

    Raises:
        ServerRefusedError: the server does not show it without another token.
        TimeoutError: the call has no session.
    """
    headers = {"Authorization": f"Bearer {operator_token}"} if operator_token else {}
    async with httpx.AsyncClient(
        base_url=f"{url}/api/v1", headers=headers, trust_env=False, verify=AUTHORITIES
    ) as rest:
        session_id = await _session_of(rest, call_id)
    address = f"{url.replace('http', 'ws', 1)}/api/v1/realtime/dashboard/relay?session_id={session_id}"
    async with connect(address, proxy=None, additional_headers=headers) as relay:
        yield relay, session_id


async def _session_of(rest: httpx.AsyncClient, call_id: str) -> str:
    """The session of a call: the one whose id its record names."""
    async with asyncio.timeout(SESSION_S):
        while True:
            answer = await rest.get("/sessions")
            if answer.status_code != httpx.codes.OK:
                raise ServerRefusedError(f"{answer.status_code} of GET /sessions: {answer.text}")
            for session in answer.json()["sessions"]:
                if session.get("call_id") == call_id:
                    return str(session["session_id"])
            await asyncio.sleep(0.02)
