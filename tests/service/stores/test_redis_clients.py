"""Clients for what stands at an address: one server, a cluster that says so itself, or the primary of Sentinels."""

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.asyncio import RedisCluster as ClusterClient
from redis.exceptions import TimeoutError as RedisTimeoutError

from actors.errors import StoreError
from actors.runtime.clock import LoopClock
from actors.runtime.randomness import SeededRandom
from app.stores.memory import MemoryStore
from app.stores.opening import try_store
from app.stores.redis_clients import make_client
from app.stores.redis_connection import RedisConnection
from app.stores.redis_store import RedisStore, record_key
from config.settings import Settings
from tests.kit.ports import free_port
from tests.kit.redis_cluster import RedisCluster, redis_cluster
from tests.kit.redis_pair import redis_pair
from tests.kit.redis_server import redis_server
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


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[RedisCluster]:
    """Three primaries."""
    with redis_cluster(tmp_path) as made:
        yield made


async def test_a_cluster_is_found_out_by_asking_and_keeps_records(cluster: RedisCluster) -> None:
    address = address_of(cluster.url)
    client = await make_client(address)
    assert isinstance(client, ClusterClient)
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


def test_a_redis_over_tls_is_used_and_one_that_nobody_vouches_for_is_not(tmp_path: Path) -> None:
    certificate, key = str(tmp_path / "certificate.pem"), str(tmp_path / "key.pem")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    port = free_port()
    files = ("--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", certificate)
    with redis_server(tmp_path, "--tls-port", str(port), "--tls-auth-clients", "no", *files):
        url = f"rediss://localhost:{port}"
        for usable in (f"{url}?ssl_ca_certs={certificate}", f"{url}?ssl_cert_reqs=none"):
            assert "takes writes" in try_store(Settings.read({"REDIS_URL": usable}))
        with pytest.raises(StoreError, match="the certificate of Redis is not trusted"):
            try_store(Settings.read({"REDIS_URL": url}))
