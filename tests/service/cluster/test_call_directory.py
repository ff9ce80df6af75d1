"""Who has which telephone call, against a real Redis: of several workers that want one, one gets it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from actors.errors import ErrorKind, StoreError
from actors.runtime.randomness import SeededRandom
from app.cluster.call_directory import CALL_S, CallDirectory, call_key
from app.stores.redis_connection import RedisConnection
from app.stores.redis_writer import RedisWriter
from app.telephony.continuity.call_checkpoints import CallCheckpoint
from tests.kit.redis_server import RedisServer, redis_server
from tests.service.stores.places import address_of, soon

RECORD = CallCheckpoint(
    secret="secret", session_id="s", direction="inbound", agent="a", mode="media", created_at=1.0, call_id="call"
)


class Worker:
    """One worker's directory, and the calls that were taken from it."""

    def __init__(self, redis: RedisServer, name: str) -> None:
        self._connection = RedisConnection(address_of(redis.url))
        self._writer = RedisWriter(self._connection, SeededRandom(1))
        self.lost: list[str] = []
        self.directory = CallDirectory(self._connection, self._writer, name, self.lost.append)

    async def close(self) -> None:
        await self._writer.close()
        await self._connection.close()


@asynccontextmanager
async def workers(redis: RedisServer, *names: str) -> AsyncIterator[list[Worker]]:
    made = [Worker(redis, name) for name in names]
    try:
        yield made
    finally:
        for worker in made:
            await worker.close()


async def kept(worker: Worker) -> None:
    async def is_known() -> bool:
        return await worker.directory.owner("secret") != "" and await worker.directory.secret_of("call") != ""

    await soon(is_known)


async def test_a_worker_is_told_which_of_its_calls_another_one_has(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        async with workers(redis, "one", "two") as (one, other):
            one.directory.keep(RECORD)
            await kept(other)
            await one.directory.check(["secret", "unknown"])
            await one.directory.check([])
            assert one.lost == []
            assert await other.directory.take_orphan("secret", "one")
            await one.directory.check(["unknown", "secret"])
            assert one.lost == ["secret"]


async def test_a_call_is_found_by_its_secret_and_id_until_it_is_over(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        async with workers(redis, "one", "two") as (one, other):
            assert await other.directory.owner("secret") == ""
            assert await other.directory.take("secret", "one", is_orphan=True) is None
            one.directory.keep(RECORD)
            await kept(other)
            assert await other.directory.owner("secret") == "one"
            assert await other.directory.secret_of("call") == "secret"
            assert await other.directory.secrets_of("one") == ["secret"]
            for key in redis.command("KEYS", "*").split():
                assert 0 < int(redis.command("TTL", key)) <= CALL_S, key
            one.directory.drop("secret", "call")

            async def is_gone() -> bool:
                return not redis.command("KEYS", "*")

            await soon(is_gone)


async def test_of_several_that_take_the_call_of_a_dead_worker_one_gets_it(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        async with workers(redis, "dead", *"abcde") as (dead, *others):
            dead.directory.keep(RECORD)
            await kept(dead)
            taken = await asyncio.gather(*(o.directory.take("secret", "dead", is_orphan=True) for o in others))
            (found,) = [each for each in taken if each is not None]
            assert (found.record, found.orphaned) == (RECORD, 1)
            owner = await dead.directory.owner("secret")
            assert owner in "abcde"
            assert await dead.directory.secrets_of("dead") == []
            assert [name for name in "abcde" if await dead.directory.secrets_of(name)] == [owner]
            (winner,) = [other for other in others if other.directory.worker == owner]
            assert await winner.directory.take_orphan("secret", "dead"), "asked twice, it is still its own"


async def test_a_worker_from_whom_a_call_was_taken_writes_nothing_of_it_and_is_told(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        async with workers(redis, "one", "two") as (one, other):
            one.directory.keep(RECORD)
            await kept(one)
            taken = await other.directory.take("secret", "one", is_orphan=False)
            assert taken is not None
            assert taken.orphaned == 0
            one.directory.keep(msgspec.structs.replace(RECORD, agent="too late"))

            async def is_told() -> bool:
                return one.lost == ["secret"]

            await soon(is_told)
            one.directory.drop("secret", "call")
            await one.close()
            again = await other.directory.take("secret", "two", is_orphan=False)
            assert again is not None
            assert again.record == RECORD
            assert await other.directory.secret_of("call") == "secret"


@pytest.mark.parametrize("kept_of_it", ["rubbish", '{"secret": "secret"}', "[]", ""])
async def test_a_call_of_which_nothing_can_be_read_is_nobodys(
    tmp_path: Path, kept_of_it: str, caplog: pytest.LogCaptureFixture
) -> None:
    with redis_server(tmp_path) as redis:
        async with workers(redis, "dead", "one") as (dead, one):
            dead.directory.keep(RECORD)
            await kept(dead)
            redis.command("HSET", call_key("secret"), "record", kept_of_it)
            assert await one.directory.take("secret", "dead", is_orphan=True) is None
            assert await one.directory.owner("secret") == ""
            assert await one.directory.secrets_of("one") == await one.directory.secrets_of("dead") == []
            (line,) = caplog.messages
            assert line.startswith("a call is lost, since what is kept of it cannot be read: ")


async def test_a_call_that_redis_refuses_to_give_can_be_left_out(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        async with workers(redis, "dead", "one") as (dead, one):
            dead.directory.keep(RECORD)
            await kept(dead)
            redis.command("DEL", call_key("secret"))
            redis.command("SET", call_key("secret"), "of another type")
            with pytest.raises(StoreError) as refused:
                await one.directory.take("secret", "dead", is_orphan=True)
            assert refused.value.kind is ErrorKind.BAD_REQUEST
            await one.directory.leave_out("secret", "dead")
            assert await one.directory.secrets_of("one") == await one.directory.secrets_of("dead") == []
