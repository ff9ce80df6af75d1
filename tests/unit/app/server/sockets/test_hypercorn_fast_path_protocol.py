"""Who is given what a client sends: the listener what is ordinary, Hypercorn the rest, a little at a time."""

import asyncio
from enum import IntEnum
from types import SimpleNamespace
from typing import Any, cast

import pytest
from wsproto.connection import ConnectionState

from actors.runtime.clock import run_virtual
from app.server.sockets.fast_path import Message
from app.server.sockets.hypercorn_fast_path_protocol import (
    FRAMES_AT_ONCE,
    LINGER_S,
    PIECE_BYTES,
    HypercornFastPathProtocol,
)
from app.server.sockets.ping_watch import SILENT_INTERVALS
from protocol.websocket_frames import LARGEST_BYTES, PING, PONG, TEXT, server_frame

EOF = b"<end>"
LOST = b"<lost>"


class Opcode(IntEnum):
    """What a frame is (RFC 6455, 5.2)."""

    CONT = 0
    TEXT = 1
    BINARY = 2
    PING = 9
    PONG = 10


def frame(payload: bytes, opcode: Opcode = Opcode.TEXT, *, fin: bool = True) -> bytes:
    """A frame as a client sends it, with a mask of zeros, which changes nothing."""
    size = len(payload)
    head = bytes([fin << 7 | opcode, 0x80 | min(size, 126)]) + (b"" if size < 126 else size.to_bytes(2))
    return head + bytes(4) + payload


class Transport:
    """What is written to the client, and whether the client is read."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.is_read = True
        self.is_aborted = self.has_eof = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def pause_reading(self) -> None:
        assert self.is_read
        self.is_read = False

    def resume_reading(self) -> None:
        assert not self.is_read
        self.is_read = True

    def is_closing(self) -> bool:
        return self.is_aborted

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.has_eof = True

    def abort(self) -> None:
        self.is_aborted = True


class Hypercorn(asyncio.Protocol):
    """What Hypercorn is told, in order."""

    def __init__(self) -> None:
        self.told: list[bytes] = []

    def data_received(self, data: bytes) -> None:
        self.told.append(data)

    def eof_received(self) -> None:
        self.told.append(EOF)

    def connection_lost(self, exc: Exception | None) -> None:
        self.told.append(LOST)


class Ear:
    """A listener. `admitted`: how many frames it admits before it closes the socket."""

    def __init__(self, admitted: int = 1_000_000) -> None:
        self.taken: list[Message] = []
        self.crowded = False
        self.fails = False
        self._left = admitted

    def take(self, message: Message) -> None:
        if self.fails:
            raise LookupError("of the listener")
        self.taken.append(message)

    def admit(self, frames: int, size_bytes: int) -> bool:
        self._left -= frames
        return self._left >= 0

    def is_crowded(self) -> bool:
        return self.crowded


class Socket:
    """A fast path between a client and Hypercorn."""

    def __init__(self, ear: Ear | None = None) -> None:
        self.transport, self.hypercorn, self.unread = Transport(), Hypercorn(), bytearray()
        self.stream: Any = SimpleNamespace(connection=SimpleNamespace(state=ConnectionState.OPEN))
        self.ear = ear or Ear()
        self.path = HypercornFastPathProtocol(
            self.stream, cast(asyncio.Transport, self.transport), self.hypercorn, self.unread
        )

    async def listening(self) -> "asyncio.Future[None]":
        failed = self.path.listen(self.ear)
        await asyncio.sleep(0)
        return failed

    @property
    def passed_on(self) -> bytes:
        return b"".join(self.hypercorn.told)


async def turns(count: int = 200) -> None:
    """Let the loop turn, and timers of a few milliseconds run out."""
    for _ in range(count):
        await asyncio.sleep(0)
    await asyncio.sleep(0.01)


async def test_what_comes_before_anybody_listens_is_held() -> None:
    on = Socket()
    on.path.data_received(frame(b"one"))
    assert on.ear.taken == []
    await on.listening()
    on.path.data_received(frame(b"two") + frame(b"3", Opcode.BINARY)[:4])
    assert on.ear.taken == ["one", "two"]
    on.path.data_received(frame(b"3", Opcode.BINARY)[4:])
    assert (on.ear.taken, on.hypercorn.told) == (["one", "two", b"3"], [])


async def test_a_frame_that_comes_in_pieces_is_told_when_it_is_all_there() -> None:
    on, sent = Socket(), frame(b"in pieces")
    await on.listening()
    for place in range(len(sent)):
        assert on.ear.taken == []
        on.path.data_received(sent[place : place + 1])
    assert on.ear.taken == ["in pieces"]


async def test_more_than_a_few_frames_are_handled_in_later_turns_and_the_client_is_not_read_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # On a busy machine the time of a turn would be over before so many are handled.
    monkeypatch.setattr("app.server.sockets.hypercorn_fast_path_protocol.monotonic", lambda: 0.0)
    on = Socket()
    await on.listening()
    on.ear.crowded = True
    on.path.data_received(frame(b"x") * 3 * FRAMES_AT_ONCE)
    assert (len(on.ear.taken), on.transport.is_read) == (FRAMES_AT_ONCE, False)
    await turns()
    assert len(on.ear.taken) == FRAMES_AT_ONCE, "the listener has too much to handle"
    on.ear.crowded = False
    await turns()
    assert (len(on.ear.taken), on.transport.is_read) == (3 * FRAMES_AT_ONCE, True)


async def test_from_the_first_frame_that_is_not_ordinary_all_is_hypercorns() -> None:
    on = Socket()
    await on.listening()
    rest = frame(b"frag", fin=False) + frame(b"ment", Opcode.CONT) + frame(b"whole")
    on.path.data_received(frame(b"one") + rest)
    await turns()
    on.path.data_received(frame(b"more"))
    await turns()
    assert (on.ear.taken, on.passed_on) == (["one"], rest + frame(b"more"))


async def test_hypercorn_is_given_a_little_and_only_when_it_has_handled_what_came_before() -> None:
    on, sent = Socket(), frame(bytes(60_000), Opcode.BINARY) + frame(b"x") * 100
    on.path.give_back()
    on.path.data_received(sent)
    on.unread += b"not handled yet"
    given = len(on.hypercorn.told)
    await turns()
    assert len(on.hypercorn.told) == given
    on.unread.clear()
    await turns()
    assert on.passed_on == sent
    assert max(map(len, on.hypercorn.told)) <= PIECE_BYTES
    assert all(piece.count(frame(b"x")[:2]) <= FRAMES_AT_ONCE for piece in on.hypercorn.told[5:])


@pytest.mark.parametrize("listens", [True, False])
async def test_the_end_of_what_a_client_sends_is_told_once_and_behind_all_of_it(listens: bool) -> None:
    on = Socket()
    if listens:
        await on.listening()
    on.path.give_back()
    on.unread += b"not handled yet"
    on.path.data_received(frame(b"last"))
    assert on.path.eof_received()
    await turns()
    assert on.hypercorn.told == []
    on.unread.clear()
    await turns()
    on.path.read_some()
    assert on.hypercorn.told == [frame(b"last"), EOF]


async def test_a_client_that_ends_its_side_while_it_is_listened_to_is_hypercorns() -> None:
    on = Socket()
    await on.listening()
    on.path.data_received(frame(b"whole") + frame(b"half")[:3])
    on.path.eof_received()
    await turns()
    assert (on.ear.taken, on.hypercorn.told) == (["whole"], [frame(b"half")[:3], EOF])


async def test_a_client_that_sends_too_much_is_read_no_more_and_lingered_for_until_it_ends() -> None:
    on = Socket(Ear(admitted=FRAMES_AT_ONCE))
    await on.listening()
    on.path.data_received(frame(b"x") * 3 * FRAMES_AT_ONCE)
    await turns()
    on.path.data_received(frame(b"more"))
    assert (len(on.ear.taken), on.hypercorn.told) == (2 * FRAMES_AT_ONCE, [])
    lingering = asyncio.ensure_future(on.path.linger())
    await turns()
    assert (lingering.done(), on.transport.has_eof) == (False, True)
    on.path.eof_received()
    await turns()
    assert (lingering.done(), on.hypercorn.told) == (True, [EOF])


def test_one_that_has_sent_too_much_is_not_lingered_for_any_longer() -> None:
    async def main() -> None:
        on, loop = Socket(Ear(admitted=0)), asyncio.get_running_loop()
        await on.listening()
        on.path.data_received(frame(b"x") * FRAMES_AT_ONCE)
        began = loop.time()
        await on.path.linger()
        assert loop.time() - began == pytest.approx(LINGER_S)
        await Socket().path.linger()
        assert loop.time() - began == pytest.approx(LINGER_S), "nobody else is waited for"

    run_virtual(main())


async def test_what_a_listener_raises_goes_to_where_it_waits_and_the_rest_to_hypercorn() -> None:
    on = Socket()
    failed = await on.listening()
    on.ear.fails = True
    on.path.data_received(frame(b"one") + frame(b"two"))
    await turns()
    assert isinstance(failed.exception(), LookupError)
    assert on.passed_on == frame(b"two")


async def test_frames_of_audio_that_come_one_by_one_are_told_and_counted_like_others() -> None:
    on, audio = Socket(Ear(admitted=FRAMES_AT_ONCE)), "a" * 900
    await on.listening()
    for _ in range(FRAMES_AT_ONCE):
        on.path.data_received(frame(audio.encode()))
    on.ear.crowded = True
    for _ in range(FRAMES_AT_ONCE):
        on.path.data_received(frame(audio.encode()))
    assert on.ear.taken == [audio] * 2 * FRAMES_AT_ONCE
    on.path.data_received(frame(audio.encode()))
    assert on.ear.taken == [audio] * 2 * FRAMES_AT_ONCE, "it has sent more than it may"


async def test_frames_of_audio_wait_while_a_listener_has_too_much_to_handle() -> None:
    on, audio = Socket(), "a" * 900
    await on.listening()
    on.ear.crowded = True
    for _ in range(FRAMES_AT_ONCE + 1):
        on.path.data_received(frame(audio.encode()))
    assert (len(on.ear.taken), on.transport.is_read) == (FRAMES_AT_ONCE, False)
    on.ear.crowded = False
    await turns()
    assert (len(on.ear.taken), on.transport.is_read) == (FRAMES_AT_ONCE + 1, True)


async def test_what_a_listener_raises_at_a_frame_that_comes_alone_goes_to_where_it_waits() -> None:
    on = Socket()
    failed = await on.listening()
    on.ear.fails = True
    on.path.data_received(frame(b"a" * 900))
    assert isinstance(failed.exception(), LookupError)
    on.path.data_received(frame(b"b" * 900))
    await turns()
    assert on.passed_on == frame(b"b" * 900)


async def test_pings_are_answered_unless_the_client_does_not_read() -> None:
    on = Socket()
    await on.listening()
    on.path.data_received(frame(b"a", Opcode.PING))
    assert on.transport.written == [server_frame(PONG, b"a")]
    on.path.pause_writing()
    on.path.data_received(frame(b"b", Opcode.PING) + frame(b"text"))
    await turns()
    assert (len(on.transport.written), on.ear.taken, on.transport.is_read) == (1, [], False)
    on.path.resume_writing()
    await turns()
    assert (on.transport.written[1:], on.ear.taken, on.transport.is_read) == (
        [server_frame(PONG, b"b")],
        ["text"],
        True,
    )


async def test_what_cannot_be_sent_at_once_is_for_asgi() -> None:
    on = Socket()
    assert on.path.send("yes")
    assert not on.path.send(bytes(LARGEST_BYTES + 1))
    on.path.pause_writing()
    assert not on.path.send("the client does not read")
    on.path.resume_writing()
    on.stream.connection.state = ConnectionState.LOCAL_CLOSING
    assert not on.path.send("the socket is being closed")
    on.stream.connection.state = ConnectionState.OPEN
    on.path.abort()
    assert not on.path.send("the connection is dropped")
    assert on.transport.written == [server_frame(TEXT, b"yes")]


async def test_nothing_is_sent_before_the_handshake_is_answered() -> None:
    on = Socket()
    del on.stream.connection
    assert not on.path.send("too early")
    on.stream.connection = SimpleNamespace(state=ConnectionState.OPEN)
    assert on.path.send("now")


async def test_a_connection_that_is_lost_drops_what_was_not_read() -> None:
    on = Socket()
    on.path.data_received(frame(b"one"))
    on.path.connection_lost(None)
    await on.listening()
    await turns()
    assert (on.ear.taken, on.hypercorn.told) == ([], [LOST])


def test_a_client_that_answered_a_ping_and_falls_silent_is_dropped() -> None:
    async def main() -> None:
        on = Socket()
        await on.listening()
        on.path.watch(100.0)
        on.path.data_received(frame(b"", Opcode.PONG))
        on.path.watch(5.0, pings=True)
        await asyncio.sleep(5.0 * SILENT_INTERVALS + 1)
        assert on.transport.written == [server_frame(PING, b"")] * SILENT_INTERVALS
        assert not on.transport.is_aborted
        await asyncio.sleep(5.0)
        assert on.transport.is_aborted

    run_virtual(main())


def test_a_connection_that_is_lost_is_watched_no_more() -> None:
    async def main() -> None:
        on = Socket()
        await on.listening()
        on.path.data_received(frame(b"", Opcode.PONG))
        on.path.watch(5.0, pings=True)
        on.path.connection_lost(None)
        on.path.watch(5.0, pings=True)
        await asyncio.sleep(100)
        assert (on.transport.written, on.transport.is_aborted) == ([], False)

    run_virtual(main())
