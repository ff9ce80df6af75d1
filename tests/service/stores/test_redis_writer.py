"""The task that writes to Redis: newest wins, bounded, and ended by nothing but its close."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from actors.runtime.randomness import SeededRandom
from app.stores.redis_connection import RedisConnection
from app.stores.redis_writer import MOST_TOGETHER, RedisWriter, Write
from tests.kit.redis_server import RedisServer, redis_server
from tests.service.stores.places import address_of, soon


@asynccontextmanager
async def writing(server: RedisServer, most: int = 10) -> AsyncIterator[RedisWriter]:
    connection = RedisConnection(address_of(server.url))
    writer = RedisWriter(connection, SeededRandom(1), most)
    try:
        yield writer
    finally:
        await writer.close()
        await connection.close()


def setting(key: str, value: int) -> Write:
    def write(client: Any) -> Any:
        return client.set(key, value)

    return write


async def until(server: RedisServer, key: str, value: str) -> None:
    async def is_written() -> bool:
        return server.command("GET", key) == value

    await soon(is_written)


async def test_of_what_waits_under_one_key_the_newest_is_written(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:
        async with writing(server) as writer:
            for number in range(50):
                writer.put("a", setting("a", number))
            assert writer.waiting == 1
        assert server.command("GET", "a") == "49"
        assert "cmdstat_set:calls=1," in server.command("INFO", "commandstats")


async def test_more_than_it_may_hold_pushes_the_oldest_out_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with redis_server(tmp_path) as server:
        async with writing(server) as writer:
            server.freeze()
            for number in range(25):
                writer.put(str(number), setting(str(number), number))
            assert writer.waiting == 10
            server.thaw()
            await until(server, "24", "24")
        kept = sorted(int(key) for key in server.command("KEYS", "*").split())
        assert kept == list(range(15, 25))
    assert len([line for line in caplog.messages if "more than 10 records wait" in line]) == 1


async def test_a_write_that_redis_refuses_or_that_is_faulty_does_not_stop_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def faulty(_client: Any) -> None:
        raise KeyError("ours")

    def refused(client: Any) -> Any:
        return client.hset("text", "field", "value")

    with redis_server(tmp_path) as server:
        server.command("SET", "text", "text")
        async with writing(server) as writer:
            writer.put("one", faulty)
            writer.put("two", refused)
            writer.put("three", setting("three", 3))
            await until(server, "three", "3")
            assert writer.waiting == 0
    assert "a record cannot be written: KeyError" in caplog.text
    assert "a record is not stored: Redis refuses a command" in caplog.text


async def test_what_cannot_be_written_at_the_end_is_counted_and_the_end_is_soon(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with redis_server(tmp_path) as server:
        connection = RedisConnection(address_of(server.url))
        writer = RedisWriter(connection, SeededRandom(1))
        server.kill()
        writer.put("a", setting("a", 1))
        async with asyncio.timeout(30):
            await writer.close()
        await connection.close()
    assert "1 records were not written to Redis before the end" in caplog.text


async def test_a_write_that_swallows_its_cancellation_holds_up_no_close(tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def swallow(client: Any) -> None:
        begun.set()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)

    with redis_server(tmp_path) as server:
        async with writing(server) as writer:
            writer.put("a", swallow)
            await asyncio.wait_for(begun.wait(), 30)
            async with asyncio.timeout(30):
                await writer.close()


async def setting_all(client: Any, writes: Sequence[Write]) -> None:
    pipe = client.pipeline(transaction=False)
    for write in writes:
        write(pipe)
    await pipe.execute()


async def test_writes_that_can_be_sent_together_are_one_request_in_their_order(tmp_path: Path) -> None:
    requests: list[int] = []

    async def together(client: Any, writes: Sequence[Write]) -> None:
        requests.append(len(writes))
        await setting_all(client, writes)

    with redis_server(tmp_path) as server:
        async with writing(server, most=100) as writer:
            for number in range(MOST_TOGETHER + 5):
                writer.put(str(number), setting("a", number), together)
            writer.put("alone", setting("b", 1))
            writer.put("last", setting("a", 99), together)
        assert requests == [MOST_TOGETHER, 5], "what has nothing beside it is written by itself"
        assert (server.command("GET", "a"), server.command("GET", "b")) == ("99", "1")


async def test_of_writes_sent_together_the_one_that_redis_refuses_takes_no_other_with_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with redis_server(tmp_path) as server:
        server.command("SADD", "set", "member")
        async with writing(server) as writer:
            writer.put("one", setting("one", 1), setting_all)
            writer.put("two", lambda client: client.append("set", "value"), setting_all)
            writer.put("three", setting("three", 3), setting_all)
            await until(server, "three", "3")
        assert server.command("GET", "one") == "1"
    assert len([line for line in caplog.messages if "a record is not stored: Redis refuses a command" in line]) == 1


async def test_what_was_not_written_together_waits_in_its_place_and_is_tried_by_itself(tmp_path: Path) -> None:
    tried = 0

    async def away(_client: Any, _writes: Sequence[Write]) -> None:
        nonlocal tried
        tried += 1
        writer.put("a", setting("a", 3), away)
        raise OSError

    with redis_server(tmp_path) as server:
        async with writing(server) as writer:
            writer.put("a", setting("a", 1), away)
            writer.put("b", setting("a", 2), away)
            await until(server, "a", "2")
        assert "cmdstat_set:calls=2," in server.command("INFO", "commandstats"), (
            "of what is under one key the newest is written"
        )
        assert tried == 1


async def test_what_waits_again_is_bounded_as_what_waits(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def away(_client: Any, _writes: Sequence[Write]) -> None:
        for number in range(3, 6):
            writer.put(str(number), setting(str(number), number), setting_all)
        assert writer.waiting == 3
        raise OSError

    with redis_server(tmp_path) as server:
        async with writing(server, most=4) as writer:
            for number in range(3):
                writer.put(str(number), setting(str(number), number), away)
            await until(server, "5", "5")
        kept = sorted(int(key) for key in server.command("KEYS", "*").split())
    assert kept == [2, 3, 4, 5], "the oldest are given up"
    assert "more than 4 records wait" in caplog.text


async def test_after_a_failure_one_write_is_tried_and_then_twice_as_many_each_time(tmp_path: Path) -> None:
    requests: list[int] = []

    async def slow(client: Any, writes: Sequence[Write]) -> None:
        requests.append(len(writes))
        if len(writes) > 8:
            raise TimeoutError
        await setting_all(client, writes)

    with redis_server(tmp_path) as server:
        async with writing(server, most=100) as writer:
            for number in range(40):
                writer.put(str(number), setting(str(number), number), slow)
            await until(server, "39", "39")
            assert await writer.settled(60)
        assert len(server.command("KEYS", "*").split()) == 40
    # One alone is no request of several, and is not told here.
    assert requests[:5] == [32, 2, 4, 8, 16]
