"""Messages come out of a pipe as they went in, however it cuts them."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.server.pipe_frames import Unpacked, packed


class Said(msgspec.Struct, frozen=True, tag=True):
    """Some text."""

    number: int
    text: str


class Heard(msgspec.Struct, frozen=True, tag=True):
    """Some audio."""

    pcm: bytes


MESSAGES: list[Said | Heard] = [Said(1, "café 😀"), Heard(bytes(range(256)) * 100), Said(2, "")]
ANY = msgspec.msgpack.Decoder(Said | Heard)


@given(st.lists(st.integers(1, 40), min_size=1))
def test_pieces_of_any_length_make_the_same_messages(lengths: list[int]) -> None:
    stream = b"".join(map(packed, MESSAGES))
    unpacked: Unpacked[Said | Heard] = Unpacked(ANY)
    taken = []
    at = 0
    for length in [*lengths, len(stream)]:
        taken += unpacked.take(stream[at : at + length])
        at += length
    assert taken == MESSAGES


def test_another_kind_of_message_is_an_error() -> None:
    with pytest.raises(msgspec.ValidationError):
        Unpacked(msgspec.msgpack.Decoder(Heard)).take(packed(Said(1, "x")))
