"""What workers know of each other's room, against a real Redis."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from actors.errors import StoreError
from app.cluster import headroom as module
from app.cluster.headroom import LEFT, Headroom
from app.stores.redis_connection import RedisConnection
from tests.kit.redis_server import RedisServer, redis_server
from tests.service.stores.places import address_of


@asynccontextmanager
async def three(redis: RedisServer, left: dict[str, int]) -> AsyncIterator[list[Headroom]]:
    connection = RedisConnection(address_of(redis.url))
    try:
        yield [Headroom(connection, name, partial(left.__getitem__, name)) for name in left]
    finally:
        await connection.close()


async def test_each_knows_which_of_the_others_have_room_and_the_one_with_most_is_first(tmp_path: Path) -> None:
    left = {"one": 5, "two": 1, "three": 2}
    with redis_server(tmp_path) as redis:
        async with three(redis, left) as (one, two, other):
            assert one.with_room == []
            for each in (two, other, one):
                await each.share()
            assert one.with_room == ["three", "two"]
            assert other.with_room == ["two"]
            for _ in range(2):
                one.sent_to("three")
            one.sent_to("unknown")
            assert one.with_room == ["two"]
            left["two"], left["three"] = -1, 7
            for each in (two, other, one):
                await each.share()
            assert one.with_room == ["three"]
            assert int(redis.command("TTL", LEFT)) > 0


async def test_one_that_tells_nothing_any_more_and_what_nobody_understands_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with redis_server(tmp_path) as redis:
        async with three(redis, {"one": 1, "two": 1, "three": 1}) as (one, two, _):
            monkeypatch.setattr(module, "LEASE_S", 3_600.0)
            redis.command("HSET", LEFT, "nonsense", "a lot")
            seconds = int(redis.command("TIME").split()[0])
            # It has died, and the clock of Redis was set back since.
            redis.command("HSET", LEFT, "dead", f"{(seconds + 36_000) * 1000} 9")
            await two.share()
            await one.share()
            assert one.with_room == ["two"]
            await asyncio.sleep(0.5)
            # By now what `two` has told is older than this, and what `one` tells is not.
            monkeypatch.setattr(module, "LEASE_S", 0.3)
            await one.share()
            assert one.with_room == []
            assert redis.command("HKEYS", LEFT) == "one"
            await two.share()
            redis.kill()
            with pytest.raises(StoreError):
                await two.share()
            assert two.with_room == [], "what was known is no longer so"
