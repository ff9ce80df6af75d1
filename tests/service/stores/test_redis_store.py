"""The session store against a real Redis: kept, shared, and never in the way of a conversation."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from actors.conversation import ChatMessage, Role, SessionRecord
from actors.errors import ErrorKind, StoreError
from actors.runtime.clock import LoopClock
from actors.runtime.randomness import SeededRandom
from app.stores.memory import MemoryStore
from app.stores.redis_connection import RedisConnection
from app.stores.redis_store import RedisStore, checkpoint_key, record_key
from app.stores.session_writes import RECENT, RECENT_MOST
from tests.kit.redis_server import RedisServer, redis_server
from tests.service.stores.places import address_of, soon

TTL_S = 3_600


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as server:
        yield server


@asynccontextmanager
async def opened(server: RedisServer, *, url: str = "") -> AsyncIterator[RedisStore]:
    """The store of one worker."""
    connection = RedisConnection(address_of(url or server.url))
    store = RedisStore(connection, MemoryStore(), LoopClock(), SeededRandom(1), TTL_S)
    try:
        yield store
    finally:
        await store.close()


def record(session_id: str = "s1", *, at: float | None = None, text: str = "hello") -> SessionRecord:
    wall = LoopClock().wall() if at is None else at
    return SessionRecord(
        session_id=session_id,
        mode="media",
        agent="tester",
        state="connected",
        created_at=wall - 10,
        updated_at=wall,
        turn=1,
        resume_token="resume_me",
        messages=(ChatMessage(role=Role.USER, text=text, turn=1, at=wall),),
        memory={"name": "Ada"},
    )


async def written(redis: RedisServer, session_id: str) -> None:
    """Wait until Redis has a record of the session."""

    async def is_there() -> bool:
        return redis.command("EXISTS", record_key(session_id)) == "1"

    await soon(is_there)


async def test_a_record_is_shown_by_another_worker_as_it_was_saved(redis: RedisServer) -> None:
    async with opened(redis) as one, opened(redis) as other:
        saved = record()
        await one.save(saved)
        assert await one.load("s1") == saved
        await written(redis, "s1")
        assert await other.load("s1") == saved
        assert await other.recent() == [saved]
        assert await other.load("unknown") is None


async def test_everything_that_is_kept_has_a_time_to_live_and_its_session_in_braces(redis: RedisServer) -> None:
    async with opened(redis) as store:
        await store.save(record())
    keys = redis.command("KEYS", "*").split()
    assert sorted(keys) == [RECENT, "earshot:{s1}:claim", "earshot:{s1}:record"]
    for key in keys:
        assert 0 < int(redis.command("TTL", key)) <= 2 * TTL_S


async def test_the_newest_of_many_saves_is_what_stays(redis: RedisServer) -> None:
    async with opened(redis) as store:
        for number in range(500):
            await store.save(record(text=f"turn {number}"))
        assert (found := await store.load("s1")) is not None
        assert found.messages[0].text == "turn 499"
        async with opened(redis) as other:

            async def newest_is_written() -> bool:
                found = await other.load("s1")
                return found is not None and found.messages[0].text == "turn 499"

            await soon(newest_is_written)


async def test_recent_sessions_of_all_workers_come_newest_first_and_only_so_many(redis: RedisServer) -> None:
    async with opened(redis) as one, opened(redis) as other:
        now = LoopClock().wall()
        for number in range(6):
            await (one, other)[number % 2].save(record(f"s{number}", at=now + number))
        for number in range(6):
            await written(redis, f"s{number}")

        async def newest_are_shown() -> bool:
            return [each.session_id for each in await one.recent(4)] == ["s5", "s4", "s3", "s2"]

        await soon(newest_are_shown)


async def test_the_list_of_recent_sessions_is_cut_to_its_length_and_its_age(redis: RedisServer) -> None:
    now = LoopClock().wall()
    for number in range(RECENT_MOST):
        redis.command("ZADD", RECENT, str(now - 100 + number / 100), f"former{number}")
    redis.command("ZADD", RECENT, str(now - 2 * TTL_S), "too_old")
    async with opened(redis) as store:
        await store.save(record(at=now))
    assert redis.command("ZCARD", RECENT) == str(RECENT_MOST)
    assert redis.command("ZSCORE", RECENT, "too_old") == ""
    assert redis.command("ZSCORE", RECENT, "former0") == ""
    assert redis.command("ZSCORE", RECENT, "s1") != ""


async def test_a_session_that_went_on_elsewhere_is_shown_as_it_is_there(redis: RedisServer) -> None:
    async with opened(redis) as one, opened(redis) as other:
        first = record(text="here")
        await one.save(first)
        await written(redis, "s1")
        other.session_opened("s1")
        later = msgspec.structs.replace(first, updated_at=first.updated_at + 5, turn=2)
        await other.save(later)

        async def is_shown() -> bool:
            return await one.load("s1") == later

        await soon(is_shown)
        assert await one.recent() == [later]


@pytest.mark.parametrize("fault", ["freeze", "kill"])
async def test_saving_takes_no_time_and_no_record_is_lost_while_redis_is_away(
    redis: RedisServer, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "app.stores.redis_connection")
    async with opened(redis) as store, opened(redis) as other:
        await store.save(record("before"))
        await written(redis, "before")
        getattr(redis, fault)()
        for number in range(100):
            with pytest.raises(StopIteration):
                # It is done at its first step: it has waited for nothing at all.
                store.save(record("s1", text=f"turn {number}")).send(None)
        with pytest.raises(StoreError) as away:
            await store.ready()
        assert away.value.kind in (ErrorKind.TIMEOUT, ErrorKind.UNAVAILABLE)
        assert (await store.load("s1")) is not None, "what this worker has itself is shown"
        with pytest.raises(StoreError):
            await other.load("s1")
        assert [each.session_id for each in await store.recent()] == ["s1", "before"]
        redis.thaw() if fault == "freeze" else redis.start()
        await written(redis, "s1")
        assert (found := await other.load("s1")) is not None
        assert found.messages[0].text == "turn 99"
        assert "takes writes" in await store.ready()
    told = [line for line in caplog.messages if "conversations go on" in line]
    assert len(told) == 2, "one line for each worker, however often it failed"


async def test_a_read_from_a_redis_that_stands_still_fails_soon(redis: RedisServer) -> None:
    async with opened(redis) as store:
        await store.load("s1")
        redis.freeze()
        with pytest.raises(StoreError) as late:
            async with asyncio.timeout(60):
                await store.load("s1")
        assert late.value.kind is ErrorKind.TIMEOUT
        redis.thaw()


async def test_a_full_redis_is_told_of_and_what_is_saved_waits_for_room(redis: RedisServer) -> None:
    async with opened(redis) as store:
        await store.ready()
        redis.command("CONFIG", "SET", "maxmemory", "1")
        with pytest.raises(StoreError, match="Redis is full: maxmemory is reached"):
            await store.ready()
        await store.save(record())
        with pytest.raises(StoreError, match="full"):
            await store.ready()
        redis.command("CONFIG", "SET", "maxmemory", "0")
        await written(redis, "s1")


async def test_connections_that_are_cut_are_opened_again(redis: RedisServer) -> None:
    async with opened(redis) as store:
        await store.save(record())
        await written(redis, "s1")
        redis.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        await store.save(record("s2"))
        await written(redis, "s2")


async def test_what_is_no_record_is_not_shown(redis: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    redis.command("SET", record_key("s1"), '{"phone": "+12065550100"}')
    async with opened(redis) as store:
        assert await store.load("s1") is None
    assert "cannot be read" in caplog.text
    assert "+1206" not in caplog.text


async def test_a_user_who_may_not_ask_what_redis_is_can_use_it(redis: RedisServer) -> None:
    redis.command("ACL", "SETUSER", "me", "on", ">secret", "~earshot:*", "+@all", "-info", "-cluster")
    async with opened(redis, url=redis.url.replace("unix://", "unix://me:secret@")) as store:
        assert await store.ready() == "Redis takes writes"
        await store.save(record())
        await written(redis, "s1")


async def test_a_checkpoint_is_that_of_the_worker_that_claimed_the_session_last(redis: RedisServer) -> None:
    async with opened(redis) as former, opened(redis) as later:
        former.session_opened("s1")
        former.keep_checkpoint("s1", b"of the former")

        async def is_kept(data: bytes | None) -> bool:
            return await later.load_checkpoint("s1") == data

        await soon(lambda: is_kept(b"of the former"))
        assert 0 < int(redis.command("TTL", checkpoint_key("s1"))) <= TTL_S
        later.session_opened("s1")
        later.keep_checkpoint("s1", b"of the later")
        await soon(lambda: is_kept(b"of the later"))
        former.keep_checkpoint("s1", b"too late")
        former.forget_checkpoint("s1")
        await former.save(record("another"))
        await written(redis, "another")
        assert await later.load_checkpoint("s1") == b"of the later"
        later.forget_checkpoint("s1")
        await soon(lambda: is_kept(None))
        later.forget_checkpoint("unknown")


async def test_a_checkpoint_of_which_nothing_is_known_since_redis_is_gone_is_an_error(redis: RedisServer) -> None:
    async with opened(redis) as store:
        redis.kill()
        with pytest.raises(StoreError):
            await store.load_checkpoint("s1")
