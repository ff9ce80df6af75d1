"""Clients for what stands at an address: one server, a cluster that says so itself, or the primary of Sentinels."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis, RedisCluster
from redis.exceptions import TimeoutError as RedisTimeoutError

from actors.runtime.clock import LoopClock
from actors.runtime.randomness import SeededRandom
from app.stores.memory import MemoryStore
from app.stores.redis_clients import make_client
from app.stores.redis_connection import RedisConnection
from app.stores.redis_store import RedisStore, record_key
from tests.kit.redis_pair import redis_pair
from tests.kit.redis_server import RedisServer, redis_server
from tests.kit.serving import eventually, free_port
from tests.service.stores.places import address_of, soon
from tests.service.stores.test_redis_store import record


async def test_one_server_has_a_plain_client(tmp_path: Path) -> None:
    port = free_port()
    with redis_server(tmp_path, port=port):
        client = await make_client(address_of(f"redis://127.0.0.1:{port}/2"))
        assert isinstance(client, Redis)
        await client.aclose()
        client = await make_client(address_of(f"redis://127.0.0.1:{port}"))
        assert isinstance(client, Redis)
        await client.aclose()


async def test_a_command_that_is_not_answered_is_never_sent_again(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:
        client: Any = await make_client(address_of(server.url))
        await client.incr("count")
        server.freeze()
        with pytest.raises(RedisTimeoutError):
            await client.incr("count")
        server.thaw()
        await asyncio.sleep(0.5)
        assert int(await client.get("count")) <= 2
        await client.aclose()


def is_whole(server: RedisServer) -> bool:
    return "cluster_state:ok" in server.command("CLUSTER", "INFO")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[list[RedisServer]]:
    """Three primaries of a cluster."""
    with ExitStack() as stack:
        servers = []
        for number in range(3):
            folder = tmp_path / str(number)
            folder.mkdir()
            port, bus = free_port(), free_port()
            options = ("--cluster-enabled", "yes", "--cluster-port", str(bus))
            servers.append(stack.enter_context(redis_server(folder, *options, port=port)))
        bus_of_first = servers[0].command("CONFIG", "GET", "cluster-port").split()[-1]
        for number, server in enumerate(servers):
            server.command("CLUSTER", "ADDSLOTSRANGE", str(number * 5461), str(number * 5461 + 5460 + (number == 2)))
            if number:
                server.command("CLUSTER", "MEET", "127.0.0.1", str(servers[0].port), bus_of_first)
        for server in servers:
            eventually(partial(is_whole, server), 30)
        yield servers


async def test_a_cluster_is_found_out_by_asking_and_keeps_records(cluster: list[RedisServer]) -> None:
    address = address_of(f"redis://127.0.0.1:{cluster[1].port}")
    client = await make_client(address)
    assert isinstance(client, RedisCluster)
    await client.aclose()
    store = RedisStore(RedisConnection(address), MemoryStore(), LoopClock(), SeededRandom(1), 60)
    other = RedisStore(RedisConnection(address), MemoryStore(), LoopClock(), SeededRandom(1), 60)
    ids = [f"s{number}" for number in range(9)]

    async def all_are_shared() -> bool:
        return {each.session_id for each in await other.recent()} == set(ids)

    try:
        assert "cluster, takes writes" in await store.ready()
        for session_id in ids:
            await store.save(record(session_id))
        await soon(all_are_shared)
        assert (await other.load("s5")) is not None
    finally:
        await store.close()
        await other.close()


async def test_sentinels_lead_to_the_primary_and_to_the_next_one(tmp_path: Path) -> None:
    with redis_pair(tmp_path, down_after_ms=500) as pair:
        primary, replica = pair.primary, pair.replica
        address = address_of(pair.url)
        store = RedisStore(RedisConnection(address), MemoryStore(), LoopClock(), SeededRandom(1), 60)

        async def is_written(session_id: str) -> bool:
            with suppress(ConnectionError):  # a replica that becomes the primary drops who is connected
                return replica.command("EXISTS", record_key(session_id)) == "1"
            return False

        try:
            assert "takes writes" in await store.ready()
            await store.save(record("before"))
            await soon(lambda: is_written("before"))
            primary.kill()
            await store.save(record("after"))
            await soon(lambda: is_written("after"), 30)
            assert {each.session_id for each in await store.recent()} == {"before", "after"}
        finally:
            await store.close()
