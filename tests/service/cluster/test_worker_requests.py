"""What workers ask of each other, over a real Redis."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from actors.runtime.randomness import SeededRandom
from app.cluster.worker_requests import WorkerRequests, WorkerSilentError, channel_of
from app.stores.redis_connection import RedisConnection
from tests.kit.redis_server import RedisServer, redis_server
from tests.service.stores.places import address_of


@asynccontextmanager
async def two(redis: RedisServer) -> AsyncIterator[tuple[WorkerRequests, WorkerRequests]]:
    connections = [RedisConnection(address_of(redis.url)) for _ in range(2)]
    one, other = (
        WorkerRequests(connection, name, SeededRandom(1))
        for connection, name in zip(connections, ("one", "two"), strict=True)
    )
    try:
        async with asyncio.timeout(20):
            await one.is_reachable.wait()
            await other.is_reachable.wait()
        yield one, other
    finally:
        await one.close()
        await other.close()
        for connection in connections:
            await connection.close()


async def test_many_requests_at_once_get_each_its_own_answer(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        async with two(redis) as (one, other):

            async def doubled(payload: bytes) -> bytes:
                await asyncio.sleep(0.001 * (int(payload) % 7))
                return str(2 * int(payload)).encode()

            other.on("double", doubled)
            answers = await asyncio.gather(*(one.ask("two", "double", str(n).encode(), 10) for n in range(100)))
            assert answers == [str(2 * n).encode() for n in range(100)]


async def test_what_is_told_comes_in_order_and_a_fault_in_it_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[int] = []

    def take(payload: bytes) -> None:
        heard.append(int(payload))

    with redis_server(tmp_path) as redis:
        async with two(redis) as (one, other):
            other.on_notice("count", take)
            await one.tell("two", "unknown", b"0")
            await one.tell("two", "count", b"no number")
            for number in range(100):
                await one.tell("two", "count", str(number).encode())
            async with asyncio.timeout(20):
                while len(heard) < 100:  # noqa: ASYNC110  the other's subscription does it
                    await asyncio.sleep(0.01)
            assert heard == list(range(100))
            assert "a notice of another worker failed: ValueError" in caplog.text


async def test_one_that_is_not_there_fails_or_does_not_know_is_silent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails(_: bytes) -> bytes:
        raise ValueError("a fault of ours")

    with redis_server(tmp_path) as redis:
        async with two(redis) as (one, other):
            other.on("fail", fails)
            for worker, topic in (("three", "fail"), ("two", "fail"), ("two", "unknown")):
                with pytest.raises(WorkerSilentError):
                    await one.ask(worker, topic, b"", 0.3)
            assert "a request of another worker failed: ValueError" in caplog.text
            redis.command("PUBLISH", channel_of("two"), "nonsense")
            async with asyncio.timeout(30):
                while "cannot be decoded" not in caplog.text:  # noqa: ASYNC110  nobody is told
                    await asyncio.sleep(0.01)
            redis.kill()
            with pytest.raises(WorkerSilentError, match="Redis"):
                await one.ask("two", "fail", b"", 5)
