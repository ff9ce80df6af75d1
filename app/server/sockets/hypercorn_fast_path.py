"""The fast path: whole messages between the app and a WebSocket that Hypercorn has accepted, past its tasks and queues.

Hypercorn carries a message through two tasks, a queue, a lock, a dozen coroutines and a parser in Python: more work
than all that Earshot does with a frame of audio. Nearly all messages of a call are alike, one small frame each. Those
are read from and written to the transport here. All else stays Hypercorn's: handshake, closing, its own pings, waiting
for a client that does not read, and whatever a client sends that is fragmented, large or wrong. From the first such
frame on all that the client sends is Hypercorn's; it has not seen the frames before, and need not.

Hypercorn has no such door. Its parts are found through the `send` that it gives to an app. Where they are not found, or
the server is another, there is no fast_path, and ASGI does. A test with a real server notices.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Any, cast

from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as Event

from app.errors import AppError
from app.server.sockets.fast_path import FAST_PATH, FastPath
from app.server.sockets.hypercorn_fast_path_protocol import HypercornFastPathProtocol
from app.server.sockets.ping_watch import SILENT_INTERVALS

log = logging.getLogger(__name__)

WRITE_BUFFER_BYTES = 4_096
"""Bytes that may be written and not taken by the system; further messages wait where they can still be dropped."""
UNSENT_BYTES = 4_096
"""Bytes that the system may have taken and not sent, if it supports that limit."""
SEND_BUFFER_BYTES = 32_768
"""Bytes in the system's send buffer: sent but not acknowledged, or not sent. The system doubles it for its own records;
audio of 48 kHz as JSON over a network with a round trip of 0.3 s needs 40 kB."""


class HypercornFastPath:
    """ASGI middleware, the outermost, so that `send` is Hypercorn's own: offers each WebSocket a fast path.

    Every `ping_interval_s` seconds Hypercorn pings each client. `on_missing` is called with the cause, one line, for a
    WebSocket for which Hypercorn's parts cannot be found, as after an upgrade that moved them.
    """

    def __init__(
        self, app: ASGIApp, ping_interval_s: float, on_missing: Callable[[str], None] = lambda _cause: None
    ) -> None:
        self._app = app
        self._on_missing = on_missing
        self._ping_interval_s = ping_interval_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Of HTTP/2 many streams share a transport.
        if scope["type"] != "websocket" or scope["http_version"] != "1.1":
            await self._app(scope, receive, send)
            return
        offer = _Offer(send, self._ping_interval_s, self._on_missing)
        scope.setdefault("extensions", {})[FAST_PATH] = offer
        try:
            await self._app(scope, receive, partial(_send, send))
        except _HandshakeBrokenError:
            log.debug("a client was gone, or spoke, before its handshake was answered")
        if offer.taken is not None:
            await offer.taken.linger()


class _Offer:
    """Makes the fast path of one WebSocket when the app asks for it."""

    __slots__ = ("_on_missing", "_ping_interval_s", "_send", "taken")

    def __init__(self, send: Send, ping_interval_s: float, on_missing: Callable[[str], None]) -> None:
        self._on_missing = on_missing
        self._send = send
        self._ping_interval_s = ping_interval_s
        self.taken: HypercornFastPathProtocol | None = None

    def __call__(self) -> FastPath | None:
        try:
            self.taken = _fast_path(self._send, self._ping_interval_s)
        except AttributeError as error:
            self._on_missing(f"Hypercorn {version('hypercorn')} keeps its parts elsewhere ({error}): sockets use ASGI")
        return self.taken


class _HandshakeBrokenError(AppError, ConnectionError):
    """Hypercorn has answered the handshake itself, or the client is gone: the app has no socket, and must not begin
    anything for it."""


async def _send(send: Send, event: Event) -> None:
    """Send an event, and notice that Hypercorn has refused the handshake by itself.

    Raises:
        _HandshakeBrokenError: the socket was not accepted, since the client is gone or sent a frame too early.
    """
    await send(event)
    if event["type"] == "websocket.accept" and getattr(getattr(send, "__self__", None), "closed", False):
        raise _HandshakeBrokenError


def _fast_path(send: Send, ping_interval_s: float) -> HypercornFastPathProtocol:
    """Find Hypercorn's parts through its `send` and put the fast path between them.

    Raises:
        AttributeError: a part is not where this version of Hypercorn is known to keep it.
        _HandshakeBrokenError: the connection is closed already.
    """
    stream = cast(Any, send).__self__
    connection = stream.send.__self__.send.__self__
    transport, reader = connection.writer.transport, connection.reader
    if transport.is_closing():
        # uvloop lets nothing more be asked of such a transport, nor set.
        raise _HandshakeBrokenError
    hypercorn = transport.get_protocol()
    unread = reader._buffer  # asyncio tells in no other way what has not been read
    bound_what_is_on_its_way(transport, (SILENT_INTERVALS + 1) * ping_interval_s)
    fast_path = HypercornFastPathProtocol(stream, transport, hypercorn, unread)
    transport.set_protocol(fast_path)
    fast_path.watch(ping_interval_s)
    return fast_path


def bound_what_is_on_its_way(transport: asyncio.WriteTransport, gone_after_s: float) -> None:
    """See that little audio lies between us and a client that reads slowly: it cannot be taken back from there.

    A host that acknowledges nothing is given up by the system after `gone_after_s`.
    """
    transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES, low=WRITE_BUFFER_BYTES // 4)
    connection = transport.get_extra_info("socket")
    if connection is not None and connection.family in (socket.AF_INET, socket.AF_INET6):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        # Of Linux and some others.
        for option, value in (("TCP_NOTSENT_LOWAT", UNSENT_BYTES), ("TCP_USER_TIMEOUT", int(gone_after_s * 1000))):
            if hasattr(socket, option):
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
