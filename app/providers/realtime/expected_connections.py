"""Connections that are made ahead, for sessions which are to begin when the telephone has been picked up.

A connection that waits is read, so that pings are answered and its end is noticed; what the service says first is
kept for the session that takes it over.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiohttp import ClientError, ClientWebSocketResponse, WSMessage, WSMsgType
from opentelemetry import metrics

from actors.errors import RealtimeError

log = logging.getLogger(__name__)

_expected = metrics.get_meter("earshot").create_counter(
    "earshot.realtime.expected",
    description="Speech-to-speech connections made ahead of their sessions, by result: used, unused or failed",
)

KEPT_S = 60.0
"""Seconds for which a connection is kept for a call that is not picked up; later the call connects when it is."""
MOST = 50
"""The most connections that wait for their calls; further calls connect when they are picked up."""
CLOSED_S = 1.0
"""Seconds for which the service's answer to the end of a connection is waited for."""
FIRST_WORDS = 8
"""The most messages that a waiting connection may get: services greet with one or two, and one with more is closed."""

Connect = Callable[[], Awaitable[ClientWebSocketResponse]]


class ExpectedConnections:
    """The connections to one service that are made ahead, by the id of the session that each is for.

    Belongs to the loop on which it is first used.
    """

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._waiting: dict[str, _Waiting] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def expect(self, session_id: str) -> None:
        """Begin to connect for this session, unless one waits for it already or too many wait."""
        if session_id in self._waiting or len(self._waiting) >= MOST:
            return
        waiting = _Waiting(self._connect)
        self._waiting[session_id] = waiting
        waiting.over.add_done_callback(lambda _: self._forget_over(session_id, waiting))

    def forget(self, session_id: str) -> None:
        """Close the connection for a session that will not begin; harmless if there is none, or a session has it."""
        waiting = self._waiting.pop(session_id, None)
        if waiting is not None:
            waiting.over.cancel()

    async def take(self, session_id: str) -> tuple[ClientWebSocketResponse, tuple[WSMessage, ...]] | None:
        """The connection for this session, and what the service has said on it already; None if there is none.

        One that is still being made is waited for: it has its own time limit.
        """
        waiting = self._waiting.pop(session_id, None)
        return await waiting.take() if waiting is not None else None

    async def close(self) -> None:
        """Close the connections that nobody has taken yet."""
        waiting = list(self._waiting.values())
        self._waiting.clear()
        for each in waiting:
            each.over.cancel()
        await asyncio.gather(*(each.over for each in waiting), return_exceptions=True)

    def _forget_over(self, session_id: str, waiting: "_Waiting") -> None:
        if self._waiting.get(session_id) is waiting:
            del self._waiting[session_id]


class _Waiting:
    """One connection, from its making until it is taken, has ended, or was waited for too long."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._made = asyncio.Event()
        self._wanted = False
        self._first_words: list[WSMessage] = []
        self.over: asyncio.Task[ClientWebSocketResponse | None] = asyncio.create_task(
            self._wait(), name="realtime-ahead"
        )

    async def take(self) -> tuple[ClientWebSocketResponse, tuple[WSMessage, ...]] | None:
        """End the waiting; the connection if there is a living one."""
        self._wanted = True
        try:
            await self._made.wait()
            self.over.cancel()
            await asyncio.wait([self.over])
        except asyncio.CancelledError:
            self._wanted = False
            self.over.cancel()
            raise
        socket = None if self.over.cancelled() else self.over.result()
        if socket is None or socket.closed:
            return None
        _expected.add(1, {"result": "used"})
        return socket, tuple(self._first_words)

    async def _wait(self) -> ClientWebSocketResponse | None:
        """The connection when it is wanted; else it is closed here."""
        try:
            socket = await self._connect()
        except RealtimeError as error:
            log.warning("no connection could be made ahead of a speech-to-speech session: %s", error)
            _expected.add(1, {"result": "failed"})
            return None
        finally:
            self._made.set()
        try:
            async with asyncio.timeout(KEPT_S):
                await self._read(socket)
        except TimeoutError:
            pass
        except asyncio.CancelledError:
            if self._wanted:
                return socket
            await self._unused(socket)
            raise
        await self._unused(socket)
        return None

    async def _unused(self, socket: ClientWebSocketResponse) -> None:
        _expected.add(1, {"result": "unused"})
        with suppress(TimeoutError, ClientError, OSError):
            async with asyncio.timeout(CLOSED_S):
                await socket.close()

    async def _read(self, socket: ClientWebSocketResponse) -> None:
        """Returns when the service has ended the connection, or talks too much on it."""
        while len(self._first_words) < FIRST_WORDS:
            message = await socket.receive()
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return
            self._first_words.append(message)
