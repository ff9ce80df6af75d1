"""A channel that is listened to for as long as its worker lives, whatever becomes of the connection."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.runtime.randomness import SeededRandom
from app.stores.redis_connection import RedisConnection
from app.stores.redis_subscription import RedisSubscription
from tests.kit.redis_server import RedisServer, redis_server
from tests.service.stores.places import address_of


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as server:
        yield server


async def test_what_is_published_is_heard_also_after_a_connection_that_was_cut(redis: RedisServer) -> None:
    connection, heard = RedisConnection(address_of(redis.url)), asyncio.Queue[bytes]()
    subscription = RedisSubscription(connection, SeededRandom(1), "news", heard.put_nowait)
    async with asyncio.timeout(20):
        await subscription.is_subscribed.wait()
        redis.command("PUBLISH", "news", "one")
        redis.command("PUBLISH", "other", "not for us")
        assert await heard.get() == b"one"
        redis.command("CLIENT", "KILL", "TYPE", "pubsub")
        while subscription.is_subscribed.is_set():  # noqa: ASYNC110  nobody is told
            await asyncio.sleep(0.01)
        await subscription.is_subscribed.wait()
        redis.command("PUBLISH", "news", "two")
        assert await heard.get() == b"two"
        await subscription.close()
        assert redis.command("PUBLISH", "news", "three") == "0"
        await connection.close()
