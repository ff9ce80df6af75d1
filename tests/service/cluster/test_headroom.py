"""What workers know of each other's room, against a real Redis; and calls that come to a worker without any."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import msgspec
import pytest

from actors.errors import StoreError
from app.cluster import headroom as module
from app.cluster.headroom import LEFT, Headroom
from app.stores.redis_connection import RedisConnection
from app.telephony.inbound.incoming_call import IncomingCall
from tests.kit.redis_server import RedisServer, redis_server
from tests.service.cluster.cluster_kit import Worker, two_workers
from tests.service.stores.places import address_of, soon

RINGS = IncomingCall(handle="context", caller="+15550100")


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
    monkeypatch.setattr(module, "LEASE_S", 0.3)
    with redis_server(tmp_path) as redis:
        async with three(redis, {"one": 1, "two": 1, "three": 1}) as (one, two, _):
            redis.command("HSET", LEFT, "nonsense", "a lot")
            await two.share()
            await one.share()
            assert one.with_room == ["two"]
            await asyncio.sleep(0.5)
            await one.share()
            assert one.with_room == []
            assert redis.command("HKEYS", LEFT) == "one"
            await two.share()
            redis.kill()
            with pytest.raises(StoreError):
                await two.share()
            assert two.with_room == [], "what was known is no longer so"


def full(worker: Worker) -> None:
    """It has no room for another session from now on."""
    worker.service.capacity.most = 0


async def knows_room(worker: Worker) -> None:
    async def is_known() -> bool:
        return bool(worker.cluster._headroom.with_room)

    await soon(is_known)


async def test_a_call_that_comes_to_a_full_worker_is_answered_by_one_with_room(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        async with two_workers(redis) as (one, other):
            rung: list[IncomingCall] = []
            takes = [True, False]

            def take(incoming: IncomingCall) -> bool:
                rung.append(incoming)
                return takes.pop(0)

            other.cluster.answer_by(take)
            other.cluster.requests.on("ring", other.cluster._handlers["ring"])
            full(one)
            await knows_room(one)
            assert one.cluster.worker_with_room() == other.cluster.worker
            assert other.cluster.worker_with_room() == ""
            assert await one.new_calls.pass_on(RINGS)
            assert not await one.new_calls.pass_on(RINGS)
            assert rung == [RINGS, msgspec.structs.replace(RINGS)]


async def test_where_nobody_has_room_a_call_stays_where_it_came(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        async with two_workers(redis) as (one, other):
            full(one)
            full(other)

            async def is_known() -> bool:
                told = redis.command("HGET", LEFT, other.cluster.worker)
                return told.endswith(" 0") and not one.cluster._headroom.with_room

            await soon(is_known)
            assert one.cluster.worker_with_room() == ""
            assert not await one.new_calls.pass_on(RINGS)


async def test_a_worker_that_does_not_answer_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.cluster.cluster.RING_S", 0.2)
    with redis_server(tmp_path) as redis:
        async with two_workers(redis) as (one, other):
            full(one)
            await knows_room(one)
            await other.cluster.requests.close()
            assert not await one.new_calls.pass_on(RINGS)
