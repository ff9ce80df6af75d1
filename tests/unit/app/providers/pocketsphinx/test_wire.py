"""Frames survive the pipe however it cuts them."""

import pytest

from actors.errors import ErrorKind
from app.providers.pipe_frames import Unpacked, packed
from app.providers.pocketsphinx.wire import (
    Audio,
    Close,
    Concluded,
    Finish,
    Guessed,
    NothingHeard,
    Open,
    Opened,
    Order,
    Prepare,
    Prepared,
    StreamFailed,
    Told,
    orders,
    tellings,
)

ORDERS: list[Order] = [
    Prepare("v", ("yes", "no")),
    Open(1, "v", 16_000),
    Audio(1, bytes(range(256)) * 20),
    Finish(1),
    Close(1),
]
TOLD: list[Told] = [
    Prepared("v"),
    Opened(1),
    Guessed(1, "yes", 320, 640),
    Concluded(1, "yes please", 320, 1_280, 0.5),
    NothingHeard(1, 2_000),
    StreamFailed(1, ErrorKind.THROTTLED, "too much"),
]


@pytest.mark.parametrize("piece_bytes", [1, 3, 7, 100, 100_000])
def test_orders_and_answers_are_cut_anywhere(piece_bytes: int) -> None:
    for messages, decoder in ((ORDERS, orders), (TOLD, tellings)):
        stream = b"".join(map(packed, messages))
        unpacking = Unpacked(decoder)
        got = []
        for at in range(0, len(stream), piece_bytes):
            got += unpacking.take(stream[at : at + piece_bytes])
        assert got == messages
