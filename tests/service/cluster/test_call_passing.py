"""Calls that come to a worker without room, against a real Redis: they are passed on to one that has some."""

from pathlib import Path

import msgspec
import pytest

from app.cluster.headroom import LEFT
from app.telephony.inbound.incoming_call import IncomingCall
from tests.kit.redis_server import redis_server
from tests.service.cluster.cluster_kit import Worker, two_workers
from tests.service.stores.places import soon

RINGS = IncomingCall(handle="context", caller="+15550100")


def full(worker: Worker) -> None:
    """It has no room for another session from now on."""
    worker.service.capacity.most = 0


async def knows_room(worker: Worker) -> None:
    async def is_known() -> bool:
        return bool(worker.cluster._passing.headroom.with_room)

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
                return told.endswith(" 0") and not one.cluster._passing.headroom.with_room

            await soon(is_known)
            assert one.cluster.worker_with_room() == ""
            assert not await one.new_calls.pass_on(RINGS)


async def test_a_worker_that_does_not_answer_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.cluster.call_passing.RING_S", 0.2)
    with redis_server(tmp_path) as redis:
        async with two_workers(redis) as (one, other):
            full(one)
            await knows_room(one)
            await other.cluster.requests.close()
            assert not await one.new_calls.pass_on(RINGS)
