"""Workers that share a Redis cluster of three nodes: calls are known, kept and moved while slots move."""

import asyncio
from pathlib import Path

import pytest

from actors.errors import StoreError
from app.cluster.call_directory import call_key
from app.telephony.call import Call, Custody
from tests.kit.redis_cluster import redis_cluster
from tests.service.cluster.cluster_kit import Worker, known, two_workers
from tests.service.stores.places import soon


async def goes_to(worker: Worker, call: Call) -> Call:
    """The call, once its media socket has come to a worker."""
    assert await worker.cluster.require_call(call.secret)
    moved = worker.board.log.of_secret(call.secret)
    assert moved is not None
    assert call.custody is Custody.MOVED
    return moved


async def test_a_call_moves_between_workers_at_each_step_at_which_its_slot_moves(tmp_path: Path) -> None:
    with redis_cluster(tmp_path) as redis:
        async with two_workers(redis) as (one, other):
            call = one.call()
            await one.talks(call.session_id, call_id="call")
            assert await known(other, call) == one.cluster.worker
            slot = redis.slot_of(call_key(call.secret))
            call = await goes_to(other, call)
            source, target = redis.begin_to_move(slot)
            assert await known(one, call) == other.cluster.worker
            call = await goes_to(one, call)
            redis.move_keys(slot, source, target)
            call = await goes_to(other, call)
            redis.end_move(slot, target)
            call = await goes_to(one, call)
            assert await known(other, call) == one.cluster.worker
            assert await one.cluster.gather("request", b"it") == ([f"{other.cluster.worker} got it".encode()], 0)
            for worker in (one, other):
                worker.control.hang_up.assert_not_awaited()


async def test_what_is_told_comes_in_order_whichever_node_is_told_it(tmp_path: Path) -> None:
    heard: list[int] = []

    def take(payload: bytes) -> None:
        heard.append(int(payload))

    with redis_cluster(tmp_path) as redis:
        async with two_workers(redis) as (one, other):
            other.cluster.requests.on_notice("count", take)
            for number in range(100):
                await one.cluster.requests.tell(other.cluster.worker, "count", str(number).encode())
            async with asyncio.timeout(20):
                while len(heard) < 100:  # noqa: ASYNC110  the other's subscription does it
                    await asyncio.sleep(0.01)
            assert heard == list(range(100))


async def test_a_cluster_that_lacks_a_node_is_an_error_and_costs_no_call(tmp_path: Path) -> None:
    with redis_cluster(tmp_path) as redis:
        async with two_workers(redis) as (one, other):
            call = one.call()
            await known(other, call)
            for server in redis.servers:
                server.freeze()
            with pytest.raises(StoreError):
                await other.cluster.owner_of_call(call.secret, "")
            assert call.custody is Custody.HERE
            for server in redis.servers:
                server.thaw()

            async def is_found() -> bool:
                try:
                    return await other.cluster.owner_of_call(call.secret, "") == one.cluster.worker
                except StoreError:
                    return False

            await soon(is_found)
            await asyncio.sleep(0)
            one.control.hang_up.assert_not_awaited()
