"""A shortcut between a WebSocket that Hypercorn has accepted and an app that takes and sends whole messages.

Hypercorn carries a message through two tasks, a queue, a lock, a dozen coroutines and a parser in Python: more work
than all that Earshot does with a frame of audio. Nearly all messages of a call are alike, one small frame each. Those
are read from and written to the transport here. All else stays Hypercorn's: handshake, closing, its own pings, waiting
for a client that does not read, and whatever a client sends that is fragmented, large or wrong. From the first such
frame on all that the client sends is Hypercorn's; it has not seen the frames before, and need not.

Hypercorn has no such door. Its parts are found through the `send` that it gives to an app. Where they are not found, or
the server is another, there is no shortcut, and ASGI does. A test with a real server notices.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from starlette.types import ASGIApp, Receive, Scope, Send
from wsproto.connection import ConnectionState

from app.socket_writer import SHORTCUT, Message, Shortcut
from protocol.websocket_frames import BINARY, LARGEST_BYTES, PONG, TEXT, Ping, client_messages, server_frame


class HypercornSockets:
    """ASGI middleware, the outermost, so that `send` is the server's own: offers a shortcut to each WebSocket."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Of HTTP/2 many streams share a transport.
        if scope["type"] == "websocket" and scope["http_version"] == "1.1":
            scope.setdefault("extensions", {})[SHORTCUT] = partial(_shortcut, send)
        await self._app(scope, receive, send)


def _shortcut(send: Send) -> Shortcut | None:
    try:
        stream = cast(Any, send).__self__
        transport = stream.send.__self__.send.__self__.writer.transport
        hypercorn = transport.get_protocol()
    except AttributeError:
        return None
    shortcut = _Shortcut(stream, transport, hypercorn)
    transport.set_protocol(shortcut)
    return shortcut


class _Shortcut(asyncio.Protocol):
    """Between a transport and Hypercorn's protocol for it. Belongs to the loop's thread.

    What the client sends is held until `listen`, taken from then on, and Hypercorn's after `give_back`.
    """

    def __init__(self, stream: Any, transport: asyncio.Transport, hypercorn: asyncio.Protocol) -> None:
        self._stream = stream
        self._transport = transport
        self._hypercorn = hypercorn
        self._take: Callable[[Message], None] | None = None
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._rest = b""
        self._given_back = False
        self._full = False

    def send(self, message: Message) -> bool:
        """Send a message at once, behind all that was sent before; False if that is for ASGI: it can wait."""
        if isinstance(message, str):
            return self._write(TEXT, message.encode())
        return self._write(BINARY, message)

    def listen(self, take: Callable[[Message], None]) -> "asyncio.Future[None]":
        """Have `take` called with each message, in a callback of the loop; those it is not told of, ASGI tells.

        What it raises, the future raises; it is not called again then.
        """
        # Not at once: whoever begins to listen has a turn of the loop to set itself up, as ASGI gives it.
        asyncio.get_running_loop().call_soon(self._begin, take)
        return self._failed

    def give_back(self) -> None:
        """What comes is Hypercorn's from here on, and what was held; harmless when that was said before."""
        if not self._given_back:
            self._given_back = True
            rest, self._rest = self._rest, b""
            if rest:
                self._hypercorn.data_received(rest)

    # what the transport tells

    def data_received(self, data: bytes) -> None:
        """Bytes of the client."""
        if self._full:
            # Whoever does not read is not read either: Hypercorn does not answer pings until there is room.
            self.give_back()
        if self._given_back:
            self._hypercorn.data_received(data)
        else:
            self._read(self._rest + data if self._rest else data)

    def eof_received(self) -> bool | None:
        """The client sends no more."""
        self.give_back()
        return self._hypercorn.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self.give_back()
        self._hypercorn.connection_lost(exc)

    def pause_writing(self) -> None:
        """The client does not read as fast as it is sent to."""
        self._full = True
        self._hypercorn.pause_writing()

    def resume_writing(self) -> None:
        """It does again."""
        self._full = False
        self._hypercorn.resume_writing()

    # messages

    def _begin(self, take: Callable[[Message], None]) -> None:
        self._take = take
        if not self._given_back:
            self._read(self._rest)

    def _read(self, data: bytes) -> None:
        if self._take is None:
            self._rest, ordinary = data, len(data) <= LARGEST_BYTES
        else:
            messages, size, ordinary = client_messages(data)
            self._rest = data[size:]
            try:
                for message in messages:
                    if isinstance(message, Ping):
                        self._write(PONG, message.payload)
                    else:
                        self._take(message)
            except Exception as error:  # noqa: BLE001 - it is the listener's own, and goes to where it waits
                self._failed.set_exception(error)
                ordinary = False
        if not ordinary:
            self.give_back()

    def _write(self, first_byte: int, payload: bytes) -> bool:
        if self._full or len(payload) > LARGEST_BYTES or self._transport.is_closing():
            return False
        if self._stream.connection.state is not ConnectionState.OPEN:
            return False
        self._transport.write(server_frame(first_byte, payload))
        return True
