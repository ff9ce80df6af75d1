"""Messages come out of a pipe as they went in, however it cuts them."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from app.providers.espeak.wire import AudioMade, OpenStream, Order, ReplyMade, Told, WriteText, orders, tellings
from app.providers.pipe_frames import Unpacked, packed

ORDERS: list[Order] = [OpenStream(1, "", "en-US", 1.0, 1.5, 16_000), WriteText(1, 2, "café 😀"), WriteText(1, 2, "")]


@given(st.lists(st.integers(1, 40), min_size=1))
def test_pieces_of_any_length_make_the_same_messages(lengths: list[int]) -> None:
    stream = b"".join(map(packed, ORDERS))
    unpacked = Unpacked(orders)
    taken = []
    at = 0
    for length in [*lengths, len(stream)]:
        taken += unpacked.take(stream[at : at + length])
        at += length
    assert taken == ORDERS


def test_audio_passes_unchanged() -> None:
    told: list[Told] = [AudioMade(3, 1, bytes(range(256)) * 100), ReplyMade(3, 1)]
    assert Unpacked(tellings).take(b"".join(map(packed, told))) == told


def test_an_order_is_no_telling() -> None:
    try:
        taken = Unpacked(tellings).take(packed(WriteText(1, 2, "x")))
    except msgspec.ValidationError:
        return
    raise AssertionError(taken)
