"""A worker whose session goes on elsewhere hears of it at once, though it stood still, and though Redis was away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from actors.runtime.clock import LoopClock
from actors.runtime.randomness import SeededRandom
from app.stores.claim_notices import CHANNEL, ClaimNotice, ClaimNotices, publish
from app.stores.memory import MemoryStore
from app.stores.redis_clients import close_client, make_client
from app.stores.redis_connection import RedisConnection
from app.stores.redis_store import RedisStore, record_key
from app.stores.session_writes import claim_key
from tests.kit.redis_server import RedisServer, redis_server
from tests.service.stores.places import address_of, soon
from tests.service.stores.test_redis_store import record

NOTICE = ClaimNotice("s1", "claim", 2)


@asynccontextmanager
async def heard_from(server: RedisServer) -> AsyncIterator[tuple[ClaimNotices, "asyncio.Queue[ClaimNotice]"]]:
    heard: asyncio.Queue[ClaimNotice] = asyncio.Queue()
    connection = RedisConnection(address_of(server.url))
    notices = ClaimNotices(connection, SeededRandom(1), heard.put_nowait)
    try:
        async with asyncio.timeout(30):
            await notices.is_subscribed.wait()
        yield notices, heard
    finally:
        await notices.close()
        await connection.close()


async def tell(server: RedisServer, notice: ClaimNotice) -> None:
    client = await make_client(address_of(server.url))
    await publish(client, notice)
    await close_client(client)


async def test_a_notice_is_heard_and_what_is_none_is_not(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        async with heard_from(redis) as (_, heard), asyncio.timeout(30):
            redis.command("PUBLISH", CHANNEL, "nonsense")
            await tell(redis, NOTICE)
            assert await heard.get() == NOTICE
            assert heard.empty()


async def test_notices_are_heard_again_after_redis_was_away(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        async with heard_from(redis) as (notices, heard), asyncio.timeout(20):
            redis.kill()

            async def is_cut_off() -> bool:
                return not notices.is_subscribed.is_set()

            await soon(is_cut_off)
            redis.start()
            await notices.is_subscribed.wait()
            await tell(redis, NOTICE)
            assert await heard.get() == NOTICE


async def test_a_user_who_may_not_publish_does_no_harm(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        redis.command("ACL", "SETUSER", "me", "on", ">secret", "~earshot:*", "+@all", "resetchannels")
        client = await make_client(address_of(redis.url.replace("unix://", "unix://me:secret@")))
        await publish(client, NOTICE)
        await close_client(client)


async def test_the_former_worker_leaves_a_session_before_it_writes_again(tmp_path: Path) -> None:
    moved: list[str] = []
    with redis_server(tmp_path) as redis:
        former, later = (
            RedisStore(RedisConnection(address_of(redis.url)), MemoryStore(), LoopClock(), SeededRandom(1), 60, hear)
            for hear in (moved.append, lambda session_id: moved.append(f"wrong: {session_id}"))
        )
        former.session_opened("s1")
        await former.save(record("s1"))

        async def is_written() -> bool:
            return redis.command("EXISTS", record_key("s1")) == "1"

        async def all_hear() -> bool:
            return redis.command("PUBSUB", "NUMSUB", CHANNEL).split()[-1] == "2"

        async def has_left() -> bool:
            return moved == ["s1"]

        await soon(is_written)
        await soon(all_hear)
        later.session_opened("s1")
        await later.save(record("s1"))
        await soon(has_left)
        await former.close()
        await later.close()
        assert moved == ["s1"]


async def test_a_worker_that_asks_is_told_of_a_claim_whose_notice_it_missed(tmp_path: Path) -> None:
    moved: list[str] = []
    with redis_server(tmp_path) as redis:
        former, later = (
            RedisStore(RedisConnection(address_of(redis.url)), MemoryStore(), LoopClock(), SeededRandom(1), 60, hear)
            for hear in (moved.append, lambda session_id: moved.append(f"wrong: {session_id}"))
        )
        # Nobody hears a notice.
        await former._notices.close()
        await later._notices.close()
        for session_id in ("s1", "s2"):
            former.session_opened(session_id)
            await former.save(record(session_id))

        async def are_written() -> bool:
            return redis.command("EXISTS", claim_key("s1"), claim_key("s2")) == "2"

        async def has_gone_on() -> bool:
            return redis.command("HGET", claim_key("s1"), "number") == "2"

        await soon(are_written)
        await former.check_claims(["s1", "s2", "unknown"])
        assert moved == []
        later.session_opened("s1")
        await later.save(record("s1"))
        await soon(has_gone_on)
        await former.check_claims(["s1", "s2", "unknown"])
        await former.check_claims(["s1", "s2"])
        await former.close()
        await later.close()
        assert moved == ["s1"]
