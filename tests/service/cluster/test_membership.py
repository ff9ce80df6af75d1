"""The leases of workers against a real Redis: who is there, and who has gone without a word."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from actors.errors import StoreError
from app.cluster import membership as module
from app.cluster.membership import RENEW_S, WORKERS, Membership
from app.stores.claim_check import LEASE_S
from app.stores.redis_connection import RedisConnection
from tests.kit.redis_server import RedisServer, redis_server
from tests.service.stores.places import address_of, soon


@asynccontextmanager
async def two(redis: RedisServer) -> AsyncIterator[tuple[Membership, Membership, list[bool]]]:
    connections = [RedisConnection(address_of(redis.url)) for _ in range(2)]
    told: list[bool] = []

    async def renewed(had_ended: bool) -> None:
        told.append(had_ended)

    try:
        yield Membership(connections[0], "one", renewed), Membership(connections[1], "two", renewed), told
    finally:
        for connection in connections:
            await connection.close()


class Time:
    """The clock of this machine, set by hand: no test machine is so late that a lease ends by it."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


LASTS_S = 3_600.0
"""A lease of which no test sees the end."""


async def test_a_worker_that_renews_no_more_is_gone_when_its_lease_ends_and_knows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LEASE_S", LASTS_S)
    monkeypatch.setattr(module, "LATE_S", LASTS_S)
    with redis_server(tmp_path) as redis:
        async with two(redis) as (one, other, _):
            assert [one.holds] == [False]
            await one.renew()
            assert [one.holds] == [True]
            assert await other.live() == ["one"]
            assert await other.gone() == []
            monkeypatch.setattr(module, "LEASE_S", 0.5)
            await one.renew()

            async def is_gone() -> bool:
                return await other.gone() == ["one"]

            await soon(is_gone)
            assert [one.holds] == [False]
            assert await other.live() == []
            assert int(redis.command("TTL", WORKERS)) > 0
            monkeypatch.setattr(module, "LEASE_S", LASTS_S)
            await one.renew()
            assert await other.live() == ["one"]
            await other.forget("one")
            assert await other.live() == []


async def test_it_is_renewed_while_the_loop_turns_and_given_back_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LEASE_S", LASTS_S)
    monkeypatch.setattr(module, "RENEW_S", 0.02)
    with redis_server(tmp_path) as redis:
        async with two(redis) as (one, other, told):
            one.start()
            other.start()
            async with asyncio.timeout(30):
                while len(told) < 10:  # noqa: ASYNC110  nobody is told
                    await asyncio.sleep(0.01)
            assert sorted(await other.live()) == ["one", "two"]
            await one.stop(gives_back=True)
            assert await other.live() == ["two"]
            redis.kill()
            with pytest.raises(StoreError):
                await other.live()
            # Nothing is raised where nobody can be told.
            await other.stop(gives_back=True)
            assert told[0] is False


async def test_a_look_that_fails_is_logged_and_is_not_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "LEASE_S", LASTS_S)
    monkeypatch.setattr(module, "RENEW_S", 0.02)
    looks: list[bool] = []

    async def renewed(had_ended: bool) -> None:
        looks.append(had_ended)
        raise ValueError("a fault of ours")

    with redis_server(tmp_path) as redis:
        connection = RedisConnection(address_of(redis.url))
        member = Membership(connection, "one", renewed)
        member.start()
        async with asyncio.timeout(30):
            while len(looks) < 3:  # noqa: ASYNC110  nobody is told
                await asyncio.sleep(0.01)
        await member.stop(gives_back=False)
        assert await member.live() == ["one"]
        await connection.close()
    assert "the check of the other workers' leases failed: ValueError" in caplog.text


async def test_a_worker_that_comes_back_to_redis_takes_nobody_for_dead_until_they_had_time_to_renew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = Time()
    monkeypatch.setattr(module, "boot_time_s", time)
    with redis_server(tmp_path) as redis:
        async with two(redis) as (one, other, _):
            await one.renew()
            await other.renew()
            # Redis answers nobody until both leases have ended.
            redis.command("ZADD", WORKERS, "1", "one", "1", "two")
            time.now_s += LEASE_S + 0.1
            await one.renew()
            assert await one.gone() == []
            for _ in range(int(LEASE_S / RENEW_S) - 1):
                time.now_s += RENEW_S
                await one.renew()
                assert await one.gone() == []
            time.now_s += RENEW_S
            await one.renew()
            assert await one.gone() == ["two"], "it has had its time"


async def test_a_worker_is_told_when_redis_has_lost_its_lease_and_when_it_knows_an_earlier_one_only(
    tmp_path: Path,
) -> None:
    with redis_server(tmp_path) as redis:
        async with two(redis) as (one, other, _):
            told: list[str] = []
            one.on_forgotten = lambda: told.append("one")
            other.on_forgotten = lambda: told.append("two")
            for _ in range(3):
                await one.renew()
                await other.renew()
            await asyncio.gather(*(one.renew() for _ in range(50)))
            assert told == [], "answers may come in another order than that of the questions"
            redis.command("FLUSHALL")
            await one.renew()
            assert told == ["one"]
            await one.renew()
            assert told == ["one"], "it is said once"
            redis.command("ZINCRBY", WORKERS, "-500", "one")
            await one.renew()
            assert told == ["one", "one"], "a replica had not come so far"
            await other.renew()
            assert told == ["one", "one", "two"]


def _with_a_clock_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Redis be so many seconds ahead as its key `ahead` says."""
    told = "{redis.call('TIME')[1] + (redis.call('GET', 'ahead') or 0), redis.call('TIME')[2]}"
    for script in ("RENEW", "FOUND"):
        monkeypatch.setattr(module, script, getattr(module, script).replace("redis.call('TIME')", told))


@pytest.mark.parametrize("ahead", ["3600", "-3600"])
async def test_nobody_is_taken_for_dead_since_the_clock_of_redis_was_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, ahead: str
) -> None:
    monkeypatch.setattr(module, "LEASE_S", 1.0)
    monkeypatch.setattr(module, "LATE_S", 0.9)
    _with_a_clock_to_set(monkeypatch)
    with redis_server(tmp_path) as redis:
        async with two(redis) as (one, other, _):
            told: list[str] = []
            one.on_forgotten = lambda: told.append("one")
            for _ in range(6):
                await one.renew()
                await other.renew()
                await asyncio.sleep(0.2)
            assert await one.gone() == []
            redis.command("SET", "ahead", ahead)
            assert await one.gone() == [], "it was set between a renewal and the look that follows"
            await one.renew()
            assert await one.gone() == []
            await other.renew()
            assert sorted(await one.live()) == ["one", "two"]
            assert [line for line in caplog.messages if "the clock of Redis was set by" in line]

            async def is_gone() -> bool:
                await one.renew()
                return await one.gone() == ["two"]

            await soon(is_gone)


async def test_a_worker_that_dies_when_the_clock_of_redis_is_set_back_is_noticed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LEASE_S", 1.0)
    monkeypatch.setattr(module, "LATE_S", 0.9)
    _with_a_clock_to_set(monkeypatch)
    with redis_server(tmp_path) as redis:
        async with two(redis) as (one, other, _):
            told: list[str] = []
            one.on_forgotten = lambda: told.append("one")
            await one.renew()
            await other.renew()
            redis.command("SET", "ahead", "-3600")

            async def is_gone() -> bool:
                await one.renew()
                return await one.gone() == ["two"]

            await soon(is_gone)
            assert told == ["one"], "a replica without the latest writes may have taken over, and it is said once"
