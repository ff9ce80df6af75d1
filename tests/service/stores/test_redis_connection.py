"""The way to Redis: made when it is needed, made again when it is lost, and refused quickly while there is none."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.trace import SpanKind

from actors.errors import ErrorKind, StoreError
from app.stores.redis_clients import RedisClient, make_client
from app.stores.redis_connection import RedisConnection, is_about_the_command
from tests.kit.redis_server import redis_server
from tests.kit.spans import recorded_spans
from tests.service.stores.places import address_of


def pong(client: Any) -> Any:
    return client.ping()


async def test_a_redis_that_is_not_there_is_an_error_and_is_not_tried_again_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    attempts = 0

    async def counted(*args: Any, **options: Any) -> RedisClient:
        nonlocal attempts
        attempts += 1
        return await make_client(*args, **options)

    monkeypatch.setattr("app.stores.redis_connection.make_client", counted)
    connection = RedisConnection(address_of("redis://127.0.0.1:1"))
    # However slow the machine is, all of these come before the next attempt is due.
    monkeypatch.setattr("app.stores.redis_connection.AGAIN_S", 3_600)
    for _ in range(1_000):
        with pytest.raises(StoreError, match="cannot be reached"):
            await connection.run(pong)
    assert attempts == 1
    await connection.close()
    monkeypatch.setattr("app.stores.redis_connection.AGAIN_S", 0)
    later = RedisConnection(address_of("redis://127.0.0.1:1"))
    for _ in range(3):
        with pytest.raises(StoreError, match="cannot be reached"):
            await later.run(pong)
    assert attempts == 1 + 3
    await later.close()


async def test_it_works_once_redis_is_there(tmp_path: Path) -> None:
    connection = RedisConnection(address_of(f"unix://{tmp_path}/redis.sock"))
    with pytest.raises(StoreError):
        await connection.run(pong)
    with redis_server(tmp_path):
        async with asyncio.timeout(60):
            while connection.failure is not None:
                try:
                    await connection.run(pong, writes=True)
                except StoreError:
                    await asyncio.sleep(0.05)
        await connection.close()


async def test_a_command_that_redis_refuses_is_told_from_a_redis_that_is_away(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:
        connection = RedisConnection(address_of(server.url))

        async def wrong(client: Any) -> None:
            await client.set("a", "text")
            await client.hget("a", "field")

        with pytest.raises(StoreError) as refused:
            await connection.run(wrong)
        assert is_about_the_command(refused.value)
        await connection.close()


async def test_one_line_says_that_redis_is_away_and_one_that_it_is_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "app.stores.redis_connection")
    with redis_server(tmp_path) as server:
        connection = RedisConnection(address_of(server.url))
        await connection.run(pong, writes=True)
        server.freeze()
        for _ in range(3):
            with pytest.raises(StoreError) as late:
                await connection.run(pong, writes=True)
            assert late.value.kind is ErrorKind.TIMEOUT
        server.thaw()
        await connection.run(pong)
        assert connection.failure is not None, "that it can be read says nothing of writes"
        await connection.run(pong, writes=True)
        await connection.close()
    away, back = caplog.messages
    assert away.startswith("Redis does not answer in time; conversations go on")
    assert back.startswith("Redis can be used again after ")


async def test_what_is_asked_of_redis_is_a_span_with_its_peer_and_without_what_is_stored(tmp_path: Path) -> None:
    with recorded_spans("app.stores.redis_connection") as spans, redis_server(tmp_path) as server:
        connection = RedisConnection(address_of(server.url))

        async def wrong(client: Any) -> None:
            await client.set("a", "forty two")
            await client.hget("a", "field")

        await connection.run(pong)
        with pytest.raises(StoreError):
            await connection.run(wrong)
        await connection.close()
        done, refused = spans.get_finished_spans()
    assert done.kind is SpanKind.CLIENT
    attributes = dict(done.attributes or {})
    assert attributes["peer.service"] == "Redis"
    assert attributes["db.system.name"] == "redis"
    assert dict(refused.attributes or {}) == attributes | {"error.type": "bad_request"}
    assert "forty" not in refused.to_json()
