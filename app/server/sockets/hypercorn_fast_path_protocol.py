"""The fast path of one WebSocket: an asyncio protocol between the transport and Hypercorn's own protocol for it.

However much a client sends, one turn of the loop reads little of it (`reading_turns.py`): the transport is
paused while more is held. That goes for what is passed on to Hypercorn too, which itself handles all it is given at
once.
"""

import asyncio
from contextlib import suppress
from enum import Enum, auto
from time import monotonic
from typing import Any

from wsproto.connection import ConnectionState

from app.one_shot_event import OneShotEvent
from app.server.sockets.fast_path import Listener, Message
from app.server.sockets.ping_timer import PingTimer
from app.server.sockets.ping_watch import PingWatch
from app.server.sockets.reading_turns import TURN_S, Progress, reading_turns_of
from protocol.websocket_frames import (
    BINARY,
    LARGEST_BYTES,
    PING,
    PONG,
    TEXT,
    FrameCount,
    Ping,
    client_message,
    server_frame,
    whole_message,
)

FRAMES_AT_ONCE = 8
"""The most frames of one socket that are handled in a row before other sockets have their turn."""
LINGER_S = 5.0
"""Seconds for which the data of a client that was closed for sending too much is read and dropped, so that the client
can read the reason."""
PIECE_BYTES = 16_384
"""The most bytes that Hypercorn is given at a time: it handles them, and `FRAMES_AT_ONCE` frames, in one turn."""


class Reader(Enum):
    """The receiver of what the client sends. A change is never undone, and every other state may end in `LOST`."""

    NOBODY = auto()
    """Messages are kept until there is a listener."""
    LISTENER = auto()
    """The listener gets each message."""
    HYPERCORN = auto()
    """Data is passed on to Hypercorn as it comes: the socket was given back, or only Hypercorn handles it."""
    HYPERCORN_TO_END = auto()
    """The client has closed its sending side: what was kept is passed on to Hypercorn, and then the end."""
    DROPPED = auto()
    """The client has sent too much and the listener is closing the socket: only the end is passed on to Hypercorn."""
    LOST = auto()
    """The connection is lost."""


# Looked at for each frame: an attribute of an enumeration takes longer.
_NOBODY, _LISTENER, _DROPPED = Reader.NOBODY, Reader.LISTENER, Reader.DROPPED
_DONE, _OPEN = Progress.DONE, ConnectionState.OPEN


class HypercornFastPathProtocol(asyncio.Protocol):
    """Implements `FastPath` between a transport and Hypercorn's protocol. Use it on the event loop's thread only.

    What the client sends is held until `listen`, taken from then on, and Hypercorn's after `give_back`.
    """

    def __init__(
        self, stream: Any, transport: asyncio.Transport, hypercorn: asyncio.Protocol, unread: bytearray
    ) -> None:
        loop = asyncio.get_running_loop()
        self._stream = stream
        self._connection: Any = None
        self._transport = transport
        self._hypercorn = hypercorn
        self._unread = unread
        """The bytes that Hypercorn was given and has not handled yet."""
        self._turns = reading_turns_of(loop)
        self._reader = Reader.NOBODY
        self._listener: Listener | None = None
        self._passed_on = FrameCount()
        self._failed: asyncio.Future[None] = loop.create_future()
        self._rest = b""
        self._at = 0
        """The position in `_rest` from which on data was not handled."""
        self._waiting = False
        """Whether the transport is paused, and what is held is handled in later turns of the loop."""
        self._frames = self._bytes = 0
        """Messages and bytes that have come since the listener was last asked whether it has too much to handle."""
        self._crowded = False
        """Whether the listener had too much to handle when it was last asked; it is asked again before it gets more."""
        self._ended = OneShotEvent()  # the client sends no more
        self._pings = PingWatch()
        self._ping_timer: PingTimer | None = None
        self._full = False
        """Whether the transport's write buffer is full, because the client does not read."""

    def send(self, message: Message) -> bool:
        """Send a message at once, behind all that was sent before; False if that is for ASGI: it can wait."""
        if isinstance(message, str):
            return self._write(TEXT, message.encode())
        return self._write(BINARY, message)

    def listen(self, listener: Listener) -> "asyncio.Future[None]":
        """Have `listener` told each message, in a callback of the loop; those it is not told of, ASGI tells.

        What it raises, the future raises; it is not called again then.
        """
        # Not at once: whoever begins to listen has a turn of the loop to set itself up, as ASGI gives it.
        asyncio.get_running_loop().call_soon(self._begin, listener)
        return self._failed

    def give_back(self) -> None:
        """Pass on to Hypercorn what is held and what the client sends from now on. A second call does nothing."""
        if self._reader in (Reader.NOBODY, Reader.LISTENER):
            self._reader = Reader.HYPERCORN
            if not self._waiting:
                self._read()

    def abort(self) -> None:
        """Drop the connection, and what has not been sent."""
        self._transport.abort()

    def watch(self, interval_s: float, *, pings: bool = False) -> None:
        """Drop a client that answers no pings any more; checks every `interval_s` seconds from now on.

        Args:
            interval_s: that of Hypercorn's pings, or any other with `pings`.
            pings: send one whenever nothing has come for an interval.
        """
        if self._reader is Reader.LOST:
            return
        if self._ping_timer is not None:
            self._ping_timer.stop()
        self._ping_timer = PingTimer(
            self._pings,
            interval_s,
            is_held=self._is_held,
            drop=self.abort,
            ping=self._ping if pings else None,
        )

    def _is_held(self) -> bool:
        return self._waiting

    def _ping(self) -> None:
        self._write(PING, b"")

    async def linger(self) -> None:
        """Wait until a client that was sending too much has read why it was closed, and has ended its side.

        Closing a connection with unread data resets it, and the client loses the close frame: so this side ends first,
        behind that frame. Over TLS a client cannot be told so, and ends in its own time.
        """
        if self._reader is Reader.DROPPED:
            if self._transport.can_write_eof() and not self._transport.is_closing():
                self._transport.write_eof()
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER_S):
                    await self._ended.wait()

    # Callbacks of the transport

    def data_received(self, data: bytes) -> None:
        """Hold the bytes that the client has sent, and handle the first messages among them at once."""
        if self._reader is _DROPPED:
            return
        self._pings.heard = True
        self._bytes += len(data)
        # Nearly always it is one frame of audio, and nothing else is held: then none of what follows is needed.
        is_alone = self._reader is _LISTENER and not (self._rest or self._waiting or self._crowded)
        if is_alone and (message := whole_message(data)) is not None:
            return self._tell_one(message)
        self._rest = self._rest[self._at :] + data if self._rest else data
        self._at = 0
        if not self._waiting and self.read_some() is not _DONE:
            self._wait()

    def eof_received(self) -> bool:
        """The client has closed its sending side: Hypercorn is given what is held, and then ends the connection."""
        self._ended.set()
        if self._reader is Reader.DROPPED:
            self._hypercorn.eof_received()
            return True
        self._reader = Reader.HYPERCORN_TO_END
        if not self._waiting:
            self._read()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop what the client, which is gone, has sent and was not read, and tell Hypercorn."""
        self._reader = Reader.LOST
        self._ended.set()
        self._rest, self._at = b"", 0
        if self._ping_timer is not None:
            self._ping_timer.stop()
        self._hypercorn.connection_lost(exc)

    def pause_writing(self) -> None:
        """Note that the transport's write buffer is full (backpressure): what is sent from now on is for ASGI."""
        self._full = True
        self._hypercorn.pause_writing()

    def resume_writing(self) -> None:
        """Note that the transport's write buffer has drained: sending may continue."""
        self._full = False
        self._hypercorn.resume_writing()

    # Reading frames

    def read_some(self) -> Progress:
        """Handle a few of the frames that are held; never raises."""
        reader, listener = self._reader, self._listener
        if reader is _NOBODY:
            return Progress.LATER if len(self._rest) > LARGEST_BYTES else Progress.DONE
        if reader is not _LISTENER or listener is None:
            return self._pass_on()
        try:
            if self._crowded and listener.is_crowded():
                return Progress.LATER
            self._crowded = False
            return self._tell(listener)
        except Exception as error:  # noqa: BLE001 - it is the listener's own, and goes to where it waits
            self._failed.set_exception(error)
            self._reader = Reader.HYPERCORN
            return Progress.MORE

    def read_all(self) -> None:
        """Resume reading from the transport: all that the client had sent is handled."""
        self._waiting = False
        self._transport.resume_reading()

    def _begin(self, listener: Listener) -> None:
        self._listener = listener
        if self._reader is Reader.NOBODY:
            self._reader = Reader.LISTENER
        if self._rest and not self._waiting:
            self._read()

    def _read(self) -> None:
        """Handle a few frames now; the others in later turns of the loop, and nothing more is read until then."""
        if self.read_some() is not Progress.DONE:
            self._wait()

    def _wait(self) -> None:
        # What was read may have had this given back, which has read on.
        if not self._waiting:
            self._waiting = True
            self._transport.pause_reading()
            self._turns.wait(self)

    def _tell(self, listener: Listener) -> Progress:
        """Tell frame after frame, up to the next look at the clock and at what waits to be handled."""
        data, at, size, ends_s = self._rest, self._at, len(self._rest), 0.0
        while True:
            message, end = client_message(data, at)
            if end <= at:
                return self._hold(at, end)
            self._at = end
            if isinstance(message, Ping):
                if self._full:
                    # Whoever does not read is not read either: as Hypercorn, which waits until its pong is on its way.
                    self._at = at
                    return Progress.LATER
                self._write(PONG, message.payload)
            elif message is not None:
                listener.take(message)
            else:
                self._pings.answers = True
            self._frames += 1
            if self._frames >= FRAMES_AT_ONCE and not self._admit_frames(listener):
                return self._end()
            if end == size:
                self._rest, self._at = b"", 0
                return _DONE
            if self._reader is not _LISTENER or not self._frames:
                return Progress.MORE
            now_s = monotonic()
            ends_s = ends_s or now_s + TURN_S
            if now_s > ends_s:
                return Progress.MORE
            at = end

    def _tell_one(self, message: Message) -> None:
        """Tell a message that has come alone; as `read_some`, it never raises."""
        listener = self._listener
        assert listener is not None
        try:
            take = listener.take  # as in `LiveSession.push_audio`: it holds a function of its owner
            take(message)
            self._frames += 1
            if self._frames >= FRAMES_AT_ONCE and not self._admit_frames(listener):
                self._end()
        except Exception as error:  # noqa: BLE001 - as in `read_some`
            self._failed.set_exception(error)
            self._reader = Reader.HYPERCORN

    def _admit_frames(self, listener: Listener) -> bool:
        """Report what has come since the last time to the listener; returns False if it closes the socket for that."""
        frames, size_bytes, self._frames, self._bytes = self._frames, self._bytes, 0, 0
        self._crowded = listener.is_crowded()
        return listener.admit(frames, size_bytes)

    def _hold(self, at: int, end: int) -> Progress:
        """Keep what begins at `at`: a frame that is not all there, or one that is not ordinary."""
        self._rest, self._at = self._rest[at:], 0
        if end >= 0:
            return Progress.DONE
        self._reader = Reader.HYPERCORN
        return self._pass_on()

    def _pass_on(self) -> Progress:
        """Give Hypercorn the next piece, once it has handled the one before."""
        piece = self._rest[self._at : self._at + PIECE_BYTES]
        if not piece:
            self._rest, self._at = b"", 0
            if self._reader is Reader.HYPERCORN_TO_END:
                self._reader = Reader.HYPERCORN
                self._hypercorn.eof_received()
            return Progress.DONE
        if self._unread:
            return Progress.LATER
        frames, size = self._passed_on.push(piece, FRAMES_AT_ONCE)
        self._at += size
        listener = self._listener
        if listener is not None and not listener.admit(frames, size):
            return self._end()
        self._hypercorn.data_received(piece[:size])
        is_ending = self._reader is Reader.HYPERCORN_TO_END
        return Progress.MORE if is_ending or self._at < len(self._rest) else Progress.DONE

    def _end(self) -> Progress:
        """Drop what the client sends from now on: the listener is closing the socket."""
        self._reader, self._rest, self._at = Reader.DROPPED, b"", 0
        return Progress.DONE

    def _write(self, first_byte: int, payload: bytes) -> bool:
        if self._full or len(payload) > LARGEST_BYTES or self._transport.is_closing():
            return False
        connection = self._connection
        if connection is None:
            # None until the handshake has been answered, and for ever if that was refused.
            connection = self._connection = getattr(self._stream, "connection", None)
        if connection is None or connection.state is not _OPEN:
            return False
        self._transport.write(server_frame(first_byte, payload))
        return True
