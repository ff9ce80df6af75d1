"""What is told of a Redis that cannot be used, or might lose what is needed."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from actors.errors import ErrorKind, StoreError
from app.stores.redis_connection import RedisConnection
from app.stores.redis_probe import probe
from tests.kit.balancer import balancer
from tests.kit.ports import free_port
from tests.kit.redis_server import RedisServer, redis_server
from tests.service.stores.places import address_of


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as server:
        yield server


@asynccontextmanager
async def connected(server: RedisServer, *, url: str = "") -> AsyncIterator[RedisConnection]:
    """The connection of one worker."""
    connection = RedisConnection(address_of(url or server.url))
    try:
        yield connection
    finally:
        await connection.close()


async def test_a_replica_is_told_of(redis: RedisServer) -> None:
    async with connected(redis) as connection:
        redis.command("REPLICAOF", "127.0.0.1", "1")
        with pytest.raises(StoreError, match="read-only"):
            await probe(connection)
        redis.command("REPLICAOF", "NO", "ONE")
        assert "takes writes" in await probe(connection)


async def test_a_redis_that_may_evict_what_is_needed_is_told_of(redis: RedisServer) -> None:
    redis.command("CONFIG", "SET", "maxmemory", "100mb")
    async with connected(redis) as connection:
        assert await probe(connection) == "Redis 7.0.15, standalone, takes writes".replace(
            "7.0.15", redis.command("INFO", "server").split("redis_version:")[1].split()[0]
        )
        for policy in ("allkeys-lru", "volatile-lru", "volatile-ttl"):
            redis.command("CONFIG", "SET", "maxmemory-policy", policy)
            with pytest.raises(StoreError, match=f"maxmemory-policy is {policy}, set noeviction"):
                await probe(connection)
        redis.command("CONFIG", "SET", "maxmemory", "0")
        assert "takes writes" in await probe(connection)


async def test_a_slow_redis_is_told_of(tmp_path: Path) -> None:
    port = free_port()
    with redis_server(tmp_path, port=port) as server:
        async with balancer(port) as way, connected(server, url=way.url.replace("http", "redis", 1)) as connection:
            assert "takes writes" in await probe(connection)
            way.delay_s = 0.06
            with pytest.raises(StoreError, match="Redis is slow: an answer takes 1"):
                await probe(connection)


async def test_a_wrong_password_is_told_of_without_it(tmp_path: Path) -> None:
    with redis_server(tmp_path, "--requirepass", "right") as server:
        url = server.url.replace("unix://", "unix://:{}@")
        async with connected(server, url=url.format("right")) as connection:
            assert "takes writes" in await probe(connection)
        async with connected(server, url=url.format("hush")) as connection:
            with pytest.raises(StoreError) as refused:
                await probe(connection)
            assert refused.value.kind is ErrorKind.AUTHENTICATION
            assert "hush" not in str(refused.value)
