"""What is written of several sessions in one request: all of it, each under its own claim."""

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from actors.runtime.clock import LoopClock
from actors.runtime.randomness import SeededRandom
from app.stores.memory import MemoryStore
from app.stores.redis_connection import RedisConnection
from app.stores.redis_store import RedisStore, checkpoint_key, record_key
from app.stores.session_writes import RECENT
from tests.kit.redis_cluster import RedisCluster, redis_cluster
from tests.kit.redis_server import RedisServer, redis_server
from tests.service.stores.places import address_of
from tests.service.stores.test_redis_store import record

SESSIONS = [f"s{number}" for number in range(8)]


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as server:
        yield server


@asynccontextmanager
async def opened(server: RedisServer | RedisCluster) -> AsyncIterator[tuple[RedisStore, list[str]]]:
    """The store of one worker, and the sessions that it has lost."""
    moved: list[str] = []
    connection = RedisConnection(address_of(server.url))
    store = RedisStore(connection, MemoryStore(), LoopClock(), SeededRandom(1), 60, moved.append)
    try:
        yield store, moved
    finally:
        await store.close()


def calls_of(server: RedisServer, command: str) -> int:
    stats = server.command("INFO", "commandstats")
    _, is_there, rest = stats.partition(f"cmdstat_{command}:calls=")
    return int(rest.split(",", 1)[0]) if is_there else 0


async def test_records_and_checkpoints_of_several_sessions_are_written_and_listed_once(redis: RedisServer) -> None:
    async with opened(redis) as (store, moved):
        for number, session_id in enumerate(SESSIONS):
            await store.save(record(session_id, at=LoopClock().wall() + number))
            store.keep_checkpoint(session_id, b"kept")
    for session_id in SESSIONS:
        assert redis.command("EXISTS", record_key(session_id)) == "1"
        assert redis.command("GET", checkpoint_key(session_id)) == "kept"
    assert redis.command("ZRANGE", RECENT, "0", "-1").split() == SESSIONS
    assert calls_of(redis, "eval") == 2 * len(SESSIONS)
    assert calls_of(redis, "publish") == len(SESSIONS), "each claim is told of once"
    assert calls_of(redis, "zadd") <= 2, "one for those that came together, and one if a write was under way by then"
    assert not moved


async def test_a_session_that_was_lost_is_left_and_those_beside_it_are_written(redis: RedisServer) -> None:
    async with opened(redis) as (former, moved), opened(redis) as (successor, none_moved):
        await former.save(record("s1"))
        assert await former.writer.settled(60)
        successor.session_opened("s1")
        successor.keep_checkpoint("s1", b"theirs")
        assert await successor.writer.settled(60)
        former.keep_checkpoint("s0", b"ours")
        former.keep_checkpoint("s1", b"late")
        await former.save(record("s2"))
        assert await former.writer.settled(60)
        assert moved == ["s1"]
        assert not none_moved
        assert redis.command("GET", checkpoint_key("s0")) == "ours"
        assert redis.command("GET", checkpoint_key("s1")) == "theirs"
        assert redis.command("EXISTS", record_key("s2")) == "1"


async def test_a_fault_in_one_record_takes_no_other_with_it(
    redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(redis) as (store, _):
        faulty = record("s1")
        faulty.memory["not JSON"] = object()
        for each in (record("s0"), faulty, record("s2")):
            await store.save(each)
        assert await store.writer.settled(60)
    found = [redis.command("EXISTS", record_key(session_id)) for session_id in ("s0", "s1", "s2")]
    assert found == ["1", "0", "1"]
    assert "a record cannot be written: TypeError" in caplog.text


async def test_a_record_is_one_request_and_the_list_gets_its_time_to_live_twice_a_minute(redis: RedisServer) -> None:
    async with opened(redis) as (store, _):
        await store.save(record("s1"))
        assert await store.writer.settled(60)
        assert calls_of(redis, "expire") == 2, "of the claim and of the list"
        assert int(redis.command("TTL", RECENT)) > 60
        for number in range(5):
            await store.save(record("s1", text=f"turn {number}"))
            assert await store.writer.settled(60)
        assert calls_of(redis, "zadd") == 6
        assert calls_of(redis, "expire") == 2
        redis.command("FLUSHALL")
        store.save_again("s1")
        assert await store.writer.settled(60)
        assert int(redis.command("TTL", RECENT)) > 60


async def test_the_nodes_of_a_cluster_are_each_sent_theirs_in_one_request(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "app.stores")
    with redis_cluster(tmp_path) as cluster:
        async with opened(cluster) as (store, moved), opened(cluster) as (other, _):
            for session_id in SESSIONS:
                await store.save(record(session_id))
                store.keep_checkpoint(session_id, b"kept")
            assert await store.writer.settled(60)
            assert [await other.load_checkpoint(session_id) for session_id in SESSIONS] == [b"kept"] * len(SESSIONS)
            assert {each.session_id for each in await other.recent()} == set(SESSIONS)
            assert not moved
    assert "one by one" not in caplog.text
    assert "Redis refuses" not in caplog.text
