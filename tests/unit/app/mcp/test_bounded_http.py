"""Answers over HTTP are read up to a bound."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest

from app.mcp.bounded_http import MAX_BODY_BYTES, BoundedStream

REQUEST = httpx2.Request("POST", "http://127.0.0.1/mcp")


class Body(httpx2.AsyncByteStream):
    def __init__(self, chunks: int) -> None:
        self._chunks = chunks
        self.given = 0
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self._chunks):
            self.given += 1
            yield bytes(1_000_000)

    async def aclose(self) -> None:
        self.closed = True


async def read(body: Body) -> int:
    stream = BoundedStream(body, REQUEST)
    try:
        return sum([len(chunk) async for chunk in stream])
    finally:
        await stream.aclose()


def test_a_body_within_the_bound_is_read_whole() -> None:
    assert asyncio.run(read(Body(4))) == MAX_BODY_BYTES


def test_no_more_is_read_of_a_longer_one() -> None:
    body = Body(100)
    with pytest.raises(httpx2.ReadError, match="more than 4000000 bytes"):
        asyncio.run(read(body))
    assert body.given == 5
    assert body.closed
