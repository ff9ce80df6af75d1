"""The bound on one server-sent event, wherever the pieces of a body are cut."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from actors.errors import ErrorKind, ModelError
from app.providers.openai_chat.bounded_stream import MAX_EVENT_BYTES, BoundedEvents

HALF = MAX_EVENT_BYTES // 2


class Body(httpx2.AsyncByteStream):
    """A body in these pieces."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield piece


async def read(*pieces: bytes) -> bytes:
    return b"".join([piece async for piece in BoundedEvents(Body(*pieces))])


@pytest.mark.parametrize(
    "pieces",
    [
        [b"data: x\n\n" * 300_000],
        [b"data: " + b"x" * HALF + b"\r\n\r\n"] * 4,
        [b"data: " + b"x" * HALF, b"\n", b"\n"] * 4,
        [b": still thinking\n"] * 100_000,
        [b""],
    ],
    ids=["many events", "large events", "events in pieces", "comments", "nothing"],
)
async def test_a_body_passes_however_long_it_is_while_each_event_is_within_the_bound(pieces: list[bytes]) -> None:
    assert await read(*pieces) == b"".join(pieces)


@pytest.mark.parametrize(
    "pieces",
    [
        [b"x" * (MAX_EVENT_BYTES + 1)],
        [b"x" * HALF] * 3,
        [b"data: " + b"x" * HALF + b"\n"] * 3,
        [b"data: x\n"] * (MAX_EVENT_BYTES // 8 + 1),
        [b":" + b"x" * HALF, b"x" * HALF],
    ],
    ids=["one piece", "one line in pieces", "lines of one event", "short lines", "a comment"],
)
async def test_an_event_over_the_bound_is_an_error_that_names_the_bound(pieces: list[bytes]) -> None:
    with pytest.raises(ModelError, match=str(MAX_EVENT_BYTES)) as failure:
        await read(*pieces)
    assert failure.value.kind is ErrorKind.UNAVAILABLE
