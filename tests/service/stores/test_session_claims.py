"""Two workers and one session: the later claim writes, the former one never again."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.runtime.clock import LoopClock
from actors.runtime.randomness import SeededRandom
from app.stores import session_claims
from app.stores.memory import MemoryStore
from app.stores.redis_clients import close_client, make_client
from app.stores.redis_connection import RedisConnection
from app.stores.redis_store import RedisStore, record_key
from app.stores.session_claims import Claim, SessionClaims, is_superseded, write_all_claimed, write_claimed
from app.stores.session_writes import claim_key
from tests.kit.redis_server import RedisServer, redis_server
from tests.service.stores.places import address_of, soon
from tests.service.stores.test_redis_store import record

KEYS = (claim_key("s1"), record_key("s1"))


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as server:
        yield server


@asynccontextmanager
async def client_of(server: RedisServer) -> AsyncIterator[Any]:
    client = await make_client(address_of(server.url))
    try:
        yield client
    finally:
        await close_client(client)


async def test_the_later_claim_writes_and_the_former_one_never_again(redis: RedisServer) -> None:
    former, later = Claim(), Claim()
    async with client_of(redis) as client:
        assert await write_claimed(client, former, KEYS, b"one", 60)
        assert await write_claimed(client, former, KEYS, b"two", 60)
        assert await write_claimed(client, later, KEYS, b"three", 60)
        assert (former.number, later.number) == (1, 2)
        assert not await write_claimed(client, former, KEYS, b"late", 60)
        assert redis.command("GET", KEYS[1]) == "three"
        assert await write_claimed(client, later, KEYS, b"four", 60)


async def test_a_write_whose_answer_was_lost_is_done_again_under_the_same_claim(redis: RedisServer) -> None:
    claim = Claim()
    async with client_of(redis) as client:
        await write_claimed(client, claim, KEYS, b"one", 60)
        claim.number = 0
        assert await write_claimed(client, claim, KEYS, b"one", 60)
        assert claim.number == 1


async def test_a_claim_whose_answer_was_lost_does_not_take_the_session_back_from_a_later_one(
    redis: RedisServer,
) -> None:
    former, later = Claim(), Claim()
    async with client_of(redis) as client:
        await write_claimed(client, former, KEYS, b"one", 60)
        former.number = 0
        assert await write_claimed(client, later, KEYS, b"two", 60)
        assert is_superseded(former, await client.hgetall(KEYS[0]))
        assert not is_superseded(later, await client.hgetall(KEYS[0]))
        assert not await write_claimed(client, former, KEYS, b"one", 60)
        assert redis.command("GET", KEYS[1]) == "two"


async def test_of_former_claims_only_the_last_ones_are_kept(redis: RedisServer) -> None:
    async with client_of(redis) as client:
        for _ in range(20):
            await write_claimed(client, Claim(), KEYS, b"one", 60)
    assert sorted(redis.command("HKEYS", KEYS[0]).split()) == sorted(["id", "number", *map(str, range(13, 21))])


async def test_a_claim_that_redis_has_lost_is_made_again(redis: RedisServer) -> None:
    claim = Claim()
    async with client_of(redis) as client:
        await write_claimed(client, claim, KEYS, b"one", 60)
        redis.command("FLUSHALL")
        assert await write_claimed(client, claim, KEYS, b"two", 60)
        assert redis.command("GET", KEYS[1]) == "two"


async def test_a_claim_outlives_the_record_that_it_guards(redis: RedisServer) -> None:
    async with client_of(redis) as client:
        await write_claimed(client, Claim(), KEYS, b"one", 60)
    assert 0 < int(redis.command("TTL", KEYS[1])) <= 60 < int(redis.command("TTL", KEYS[0])) <= 120


def test_claims_are_bounded_and_a_session_that_begins_again_has_a_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_claims, "MOST", 2)
    claims = SessionClaims()
    first = claims.begin("s1")
    assert claims.of("s1") is first
    assert claims.begin("s1") is not first
    second = claims.of("s1")
    claims.begin("s2")
    claims.begin("s3")
    assert claims.of("s1") is not second


async def test_a_worker_that_is_late_is_told_and_shows_what_its_successor_has_written(redis: RedisServer) -> None:
    moved: list[str] = []
    async with AsyncExitStack() as stack:
        stores = []
        for hear in (moved.append, lambda _: pytest.fail("the successor has lost its session")):
            connection = RedisConnection(address_of(redis.url))
            stores.append(RedisStore(connection, MemoryStore(), LoopClock(), SeededRandom(1), 60, hear))
            stack.push_async_callback(stores[-1].close)
        frozen, successor = stores
        frozen.session_opened("s1")
        first = record("s1", text="before")
        await frozen.save(first)

        async def is_written() -> bool:
            return redis.command("EXISTS", record_key("s1")) == "1"

        await soon(is_written)
        successor.session_opened("s1")
        gone_on = msgspec.structs.replace(first, turn=2)
        await successor.save(gone_on)

        async def has_gone_on() -> bool:
            return '"turn":2' in redis.command("GET", record_key("s1")).replace(" ", "")

        await soon(has_gone_on)
        late = msgspec.structs.replace(first, state="ended", ended_reason="ABANDONED", updated_at=first.updated_at + 9)
        await frozen.save(late)

        async def successors_is_shown() -> bool:
            return await frozen.load("s1") == gone_on

        await soon(successors_is_shown)
        await frozen.save(late)
        await soon(successors_is_shown)
        assert await successor.load("s1") == gone_on
        assert moved == ["s1"], "it is told once"


def test_of_too_many_claims_those_of_live_sessions_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_claims, "MOST", 10)
    claims = SessionClaims()
    live = claims.begin("live")
    for number in range(100):
        claims.begin(f"over-{number}")
        assert claims.of("live") is live
    assert len(claims._claims) == 10
    assert claims.known("over-98") is not None


async def test_claims_are_extended_when_they_are_made_and_when_a_quarter_of_a_records_time_has_passed(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 1_000.0
    monkeypatch.setattr(session_claims, "boot_time_s", lambda: now_s)
    claim = Claim()

    async def left_after(passed_s: float) -> int:
        nonlocal now_s
        now_s += passed_s
        redis.command("EXPIRE", KEYS[0], "61")
        assert await write_claimed(client, claim, KEYS, b"one", 60)
        return int(redis.command("TTL", KEYS[0]))

    async with client_of(redis) as client:
        assert await left_after(0) > 100
        assert await left_after(14) <= 61
        assert await left_after(1) > 100
        assert await left_after(1) <= 61
        redis.command("DEL", KEYS[0])
        assert await left_after(1) > 100, "Redis had lost it"


async def test_a_write_of_a_session_is_one_request_of_three_commands(redis: RedisServer) -> None:
    claim = Claim()
    async with client_of(redis) as client:
        await write_claimed(client, claim, KEYS, b"one", 60)
        redis.command("CONFIG", "RESETSTAT")
        await write_claimed(client, claim, KEYS, b"two", 60)
    calls = re.findall(r"cmdstat_(\w+):calls=(\d+)", redis.command("INFO", "commandstats"))
    assert sorted(calls) == [("eval", "1"), ("hmget", "1"), ("set", "1")]


async def test_claims_are_checked_one_by_one_where_several_are_written_in_one_request(redis: RedisServer) -> None:
    lost, kept = Claim(), Claim()
    other_keys = (claim_key("s2"), record_key("s2"))
    async with client_of(redis) as client:
        await write_claimed(client, lost, KEYS, b"one", 60)
        await write_claimed(client, Claim(), KEYS, b"theirs", 60)
        writes = [(lost, KEYS, b"late"), (kept, other_keys, b"one"), (kept, other_keys, b"two")]
        assert await write_all_claimed(client, writes, 60) == [False, True, True]
    assert (redis.command("GET", KEYS[1]), redis.command("GET", other_keys[1])) == ("theirs", "two")
    assert kept.number == 1
