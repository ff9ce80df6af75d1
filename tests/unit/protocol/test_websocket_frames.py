"""Frames, against wsproto: whatever a client says and however it is cut, what is found is what was said."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Pong, TextMessage
from wsproto.events import Ping as ClientPing

from protocol.websocket_frames import (
    BINARY,
    LARGEST_BYTES,
    NOT_ORDINARY,
    PING,
    PONG,
    TEXT,
    FrameCount,
    Ping,
    client_message,
    server_frame,
    whole_message,
)

Said = str | bytes | Ping


def frames_of(*events: Event) -> bytes:
    client = Connection(ConnectionType.CLIENT)
    return b"".join(client.send(event) for event in events)


def frame_of(said: Said) -> bytes:
    if isinstance(said, Ping):
        return frames_of(ClientPing(said.payload))
    return frames_of(TextMessage(said) if isinstance(said, str) else BytesMessage(said))


def client_messages(data: bytes) -> tuple[list[Said], int, bool]:
    """All that is said in whole ordinary frames, the bytes they took, and whether what follows may become another."""
    said: list[Said] = []
    at = 0
    while True:
        message, end = client_message(data, at)
        if end <= at:
            return said, at, end != NOT_ORDINARY
        if message is not None:
            said.append(message)
        at = end


messages = st.one_of(
    st.text(max_size=300),
    st.binary(max_size=300),
    st.integers(120, 130).map(bytes),
    st.binary(max_size=125).map(Ping),
)


@given(st.lists(messages, max_size=5), st.lists(st.integers(0, 2_000), max_size=6))
def test_what_a_client_says_is_found_however_it_is_cut(said: list[Said], cuts: list[int]) -> None:
    data = b"".join(frame_of(message) for message in said)
    found: list[Said] = []
    rest = b""
    for begin, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(data)], strict=True):
        more, size, ordinary = client_messages(rest + data[begin:end])
        assert ordinary
        rest = (rest + data[begin:end])[size:]
        found += more
    assert (found, rest) == (said, b"")


@given(messages)
def test_a_frame_that_comes_alone_says_what_it_says_among_others(said: Said) -> None:
    data = frame_of(said)
    is_long = len(data) >= 126 + 8 and not isinstance(said, Ping)
    assert whole_message(data) == (said if is_long else None)
    assert whole_message(data[:-1]) is whole_message(data + b"x") is None


@pytest.mark.parametrize("size", [126, LARGEST_BYTES])
def test_the_smallest_and_the_largest_that_come_alone_are_found(size: int) -> None:
    assert whole_message(frame_of(bytes(size))) == bytes(size)
    assert whole_message(frame_of("x" * size)) == "x" * size


@pytest.mark.parametrize(
    "frame",
    [
        frames_of(TextMessage("x" * 200, message_finished=False)),
        frames_of(BytesMessage(bytes(LARGEST_BYTES + 1))),
        b"\xc1\xfe\x00\xc8abcd" + bytes(200),
        b"\x81\x7e\x00\xc8" + bytes(204),
        b"\x89\xfe\x00\xc8abcd" + bytes(200),
        b"\x81\xfe\x00\xc8" + bytes(4) + b"\xff" * 200,
    ],
    ids=["begins", "large", "reserved", "bare", "a large ping", "no UTF-8"],
)
def test_what_is_not_ordinary_is_no_message_that_comes_alone(frame: bytes) -> None:
    assert whole_message(frame) is None


@pytest.mark.parametrize("size", [LARGEST_BYTES - 1, LARGEST_BYTES])
def test_the_largest_is_found(size: int) -> None:
    data = frame_of(bytes(size))
    assert client_messages(data) == ([bytes(size)], len(data), True)


def test_pongs_say_nothing() -> None:
    assert client_messages(frames_of(Pong(b"unasked"), TextMessage("one"))) == (["one"], 22, True)


@pytest.mark.parametrize(
    "frame",
    [
        frames_of(TextMessage("frag", message_finished=False)),
        frames_of(BytesMessage(b"frag", message_finished=False), BytesMessage(b"mented"))[10:],
        frames_of(BytesMessage(bytes(LARGEST_BYTES + 1))),
        frames_of(CloseConnection(1000)),
        b"\x81\x05plain",
        b"\xc1\x80abcd",
        b"\x83\x80abcd",
        b"\x89\xfe\x00\x7eabcd",
        b"\x82\xfe\x00\x7dabcd",
        b"\x81\xfe\x00\x7dabcd" + bytes(200),
    ],
    ids=[
        "begins",
        "goes on",
        "large",
        "closes",
        "bare",
        "reserved",
        "unknown",
        "a large ping",
        "a size too long",
        "the same of a text",
    ],
)
def test_what_is_not_ordinary_is_told_by_its_first_bytes(frame: bytes) -> None:
    before = frame_of("before")
    for end in range(4, len(frame[:20]) + 1):
        assert client_messages(before + frame[:end]) == (["before"], len(before), False)


@given(st.lists(st.tuples(messages, st.booleans()), max_size=6), st.lists(st.integers(0, 2_000), max_size=9))
def test_frames_are_counted_however_they_are_cut(said: list[tuple[Said, bool]], cuts: list[int]) -> None:
    frames = [
        frame_of(message)
        if whole or isinstance(message, Ping)
        else frame_of(message)[:1] + b"\x7f" + bytes(7) + b"\x05other"
        for message, whole in said
    ]
    data, count, found = b"".join(frames), FrameCount(), 0
    for begin, end in pairwise([0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]):
        while begin < end:
            more, size = count.push(data[begin:end], 2)
            found, begin = found + more, begin + size
            assert more <= 2
            assert size > 0
    assert found == len(said)


def test_no_more_frames_are_counted_than_asked_for() -> None:
    frame, count = frame_of("hello"), FrameCount()
    assert count.push(frame * 5 + frame[:3], 3) == (3, 3 * len(frame))
    assert count.push(frame * 2 + frame[:3], 3) == (3, 2 * len(frame) + 3)
    assert count.push(frame[3:], 3) == (0, len(frame) - 3)


@pytest.mark.parametrize("size", [2, 125, 126, 300])
def test_text_that_is_no_text_is_not_ordinary(size: int) -> None:
    wrong = b"\x81" + frame_of(b"\xff" * size)[1:]
    assert client_messages(wrong) == ([], 0, False)


@pytest.mark.parametrize("size", [125, 126, 127, 1_200, LARGEST_BYTES])
def test_a_text_of_whatever_size_is_found_once_it_is_all_there_and_not_before(size: int) -> None:
    frame = frame_of("a" * size)
    assert client_messages(frame[:-1]) == ([], 0, True)
    assert client_messages(frame + frame[:9]) == (["a" * size], len(frame), True)


@given(st.one_of(st.text(max_size=300), st.binary(max_size=300), st.integers(120, 130).map(bytes)))
def test_a_client_understands_what_is_sent_to_it(said: str | bytes) -> None:
    client = Connection(ConnectionType.CLIENT)
    first, payload = (TEXT, said.encode()) if isinstance(said, str) else (BINARY, said)
    client.receive_data(server_frame(first, payload))
    assert [event.data for event in client.events() if isinstance(event, TextMessage | BytesMessage)] == [said]


@pytest.mark.parametrize("size", [0, 125, 126, LARGEST_BYTES])
def test_at_every_size(size: int) -> None:
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(server_frame(BINARY, bytes(size)) + server_frame(PONG, b"p") + server_frame(PING, b""))
    assert len(list(client.events())) == 3


def test_what_is_too_large_is_refused() -> None:
    with pytest.raises(ValueError, match="65536 bytes"):
        server_frame(BINARY, bytes(LARGEST_BYTES + 1))
