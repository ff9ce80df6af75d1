"""One WebSocket to a service: what is to be sent waits in a bounded queue, what comes is handed on one by one.

Nothing that comes is kept here: audio is bounded by who plays it, which alone knows how much of it is still wanted.
What is to be sent is never dropped, for the service counts our audio as we do: a service that takes none for
`MAX_UNSENT_BYTES` is given up.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from aiohttp import ClientError, ClientResponse, ClientWebSocketResponse, WSMessage, WSMsgType

from protocol.realtime.failure_kinds import FailureKind, close_kind

MAX_UNSENT_BYTES = 2**20
"""The most bytes that wait to be sent: sixteen seconds of audio at 24 kHz, or the longest history and a bit."""
MAX_MESSAGE_BYTES = 4 * 2**20
SEND_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 0.5
READ_AT_ONCE_BYTES = 2**16
"""Bytes of a burst after which other tasks get their turn on the event loop."""

OnClosed = Callable[[FailureKind, str], None]


class RealtimeSocket(ClientWebSocketResponse):
    """A WebSocket that can be left unread for a while, given to `ClientSession` as its `ws_response_class`."""

    def __init__(
        self, reader: Any, writer: Any, protocol: str | None, response: ClientResponse, *more: Any, **options: Any
    ) -> None:
        super().__init__(reader, writer, protocol, response, *more, **options)
        connection = response.connection
        self.transport = connection.transport if connection is not None else None
        """The transport of the connection; None if it is closed already."""


class RealtimeConnection:
    """Reads and writes until either side ends it. `on_closed` is called once, unless `close` was called before.

    `first_words`: what has been read of the socket already.
    """

    def __init__(
        self,
        socket: ClientWebSocketResponse,
        on_message: Callable[[bytes | str], None],
        on_closed: OnClosed,
        first_words: Sequence[WSMessage] = (),
    ) -> None:
        self._socket = socket
        self._first_words = deque(first_words)
        self._on_message = on_message
        self._on_closed: OnClosed | None = on_closed
        self._unsent: deque[bytes] = deque()
        self._unsent_bytes = 0
        self._wanted: asyncio.Future[None] | None = None
        """What the writer waits for while there is nothing to send; an asyncio.Event would cost as much as the
        sending."""
        self._closing: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._sending_since: float | None = None
        """Since when the service has been taking a message, in seconds; None while none is being sent."""
        self._watch: asyncio.TimerHandle | None = None
        self._transport = socket.transport if isinstance(socket, RealtimeSocket) else None
        self._held: asyncio.TimerHandle | None = None
        """The timer after which the socket is read again; None while it is being read."""
        self._writing = asyncio.create_task(self._write(), name="realtime-write")
        self._reading = asyncio.create_task(self._read(), name="realtime-read")

    def send(self, message: bytes) -> None:
        """Queue a message. After the end it is forgotten."""
        if self._on_closed is None:
            return
        if self._unsent_bytes + len(message) > MAX_UNSENT_BYTES:
            self.end(FailureKind.TRANSIENT, "takes no audio: too much waits to be sent")
            return
        self._unsent.append(message)
        self._unsent_bytes += len(message)
        self._wake_writer()
        if self._held is not None:
            self._release()

    def hold(self, delay_s: float) -> None:
        """Leave what comes unread for so long, or until something is sent: then it is read in one go.

        To wake up for a message costs several times what is done with it.
        """
        if self._held is None and self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()
            self._held = self._loop.call_later(delay_s, self._release)

    def _release(self) -> None:
        held, self._held = self._held, None
        if held is not None and self._transport is not None:
            held.cancel()
            if not self._transport.is_closing():
                self._transport.resume_reading()

    async def close(self) -> None:
        """Send what waits, as far as that goes quickly, and end the connection."""
        self._on_closed = None
        if self._closing is None:
            self._closing = asyncio.create_task(self._shut(), name="realtime-close")
        await asyncio.shield(self._closing)

    def end(self, kind: FailureKind, detail: str) -> None:
        """Give the connection up: what waits to be sent is forgotten, and `on_closed` is told why."""
        on_closed, self._on_closed = self._on_closed, None
        if on_closed is None:
            return
        self._unsent.clear()
        self._closing = asyncio.create_task(self._shut(), name="realtime-close")
        on_closed(kind, detail)

    async def _shut(self) -> None:
        self._release()
        self._wake_writer()
        if self._watch is not None:
            self._watch.cancel()
        await asyncio.wait([self._writing], timeout=CLOSE_TIMEOUT_S)
        for task in (self._writing, self._reading):
            task.cancel()
        await asyncio.wait([self._writing, self._reading], timeout=CLOSE_TIMEOUT_S)
        with suppress(TimeoutError, ClientError, OSError):  # it is gone, or as good as gone
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._socket.close()

    async def _write(self) -> None:
        try:
            while self._on_closed is not None or self._unsent:
                while self._unsent:
                    message = self._unsent.popleft()
                    self._unsent_bytes -= len(message)
                    self._sending_since = self._loop.time()
                    if self._watch is None:
                        self._watch = self._loop.call_later(SEND_TIMEOUT_S, self._look)
                    await self._socket.send_frame(message, WSMsgType.TEXT)
                self._sending_since = None
                if self._on_closed is None:
                    return
                self._wanted = self._loop.create_future()
                await self._wanted
        except (ClientError, OSError):
            pass  # the reader says how the connection ended

    def _wake_writer(self) -> None:
        wanted, self._wanted = self._wanted, None
        if wanted is not None and not wanted.done():
            wanted.set_result(None)

    def _look(self) -> None:
        """Give up a service that has taken too long over a message. One timer serves all that are sent meanwhile: one
        for each of 25 a second would cost as much as to send it."""
        self._watch = None
        if self._sending_since is None:
            return
        left_s = self._sending_since + SEND_TIMEOUT_S - self._loop.time()
        if left_s > 0:
            self._watch = self._loop.call_later(left_s, self._look)
        else:
            self.end(FailureKind.TRANSIENT, f"took nothing for {SEND_TIMEOUT_S:.0f} s")

    async def _read(self) -> None:
        at_once = 0
        while True:
            message = self._first_words.popleft() if self._first_words else await self._socket.receive()
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                self.end(*_ending(self._socket))
                return
            try:
                self._on_message(message.data)
            except Exception as error:  # noqa: BLE001 - a session that reads no more must not look like a silent one
                self.end(FailureKind.TRANSIENT, f"a message of it could not be handled ({type(error).__name__})")
                return
            at_once += len(message.data)
            if at_once >= READ_AT_ONCE_BYTES:
                at_once = 0
                await asyncio.sleep(0)


def _ending(socket: ClientWebSocketResponse) -> tuple[FailureKind, str]:
    code = socket.close_code
    if code is None or code == 1006:
        return FailureKind.TRANSIENT, "the connection broke"
    return close_kind(code), f"closed the connection with {code}"
