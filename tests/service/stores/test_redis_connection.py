"""The way to Redis: made when it is needed, made again when it is lost, and refused quickly while there is none."""

import asyncio
import base64
import json
import logging
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from opentelemetry.trace import SpanKind

from actors.errors import ErrorKind, StoreError
from app.providers.azure.identity import Identity
from app.stores.redis_clients import RedisClient, make_client
from app.stores.redis_connection import RedisConnection, is_about_the_command
from app.stores.redis_identity import REDIS
from tests.kit.redis_server import RedisServer, redis_server
from tests.kit.spans import recorded_spans
from tests.service.stores.places import address_of, soon
from tests.unit.app.providers.azure.test_identity import AccessToken


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


LIFE_S = 3.0
"""Of a token; it is renewed after four fifths of it."""


def token_of(secret: str) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"oid": "me"}).encode()).decode().rstrip("=")
    return f"header.{claims}.{secret}"


class Tokens:
    """A credential of the object `me` that gives what it is told to, and nothing at times."""

    def __init__(self) -> None:
        self.secret = ""
        self.refused = 0

    async def get_token(self, *scopes: str) -> AccessToken:
        if not self.secret:
            self.refused += 1
            raise ConnectionError("the service of identities is away")
        return AccessToken(token_of(self.secret), round(time.time() + LIFE_S))

    async def close(self) -> None:
        return

    def let_in_by(self, secret: str, server: RedisServer) -> None:
        """Give this token from now on, which Redis takes and no other; whoever is connected is thrown out."""
        server.command("ACL", "SETUSER", "me", "on", "resetpass", f">{token_of(secret)}", "~*", "&*", "+@all")
        server.command("CLIENT", "KILL", "USER", "me")
        self.secret = secret


async def test_an_identity_is_asked_again_after_failures_and_its_next_token_is_what_redis_is_told(
    tmp_path: Path,
) -> None:
    tokens = Tokens()
    with redis_server(tmp_path) as server:
        address = msgspec.structs.replace(address_of(server.url), has_identity=True)
        connection = RedisConnection(address, Identity(lambda: cast(Any, tokens), REDIS))

        async def is_me() -> bool:
            with suppress(StoreError):
                who = await connection.run(
                    lambda client: cast(Any, client).execute_command("ACL", "WHOAMI"), writes=True
                )
                return bool(who == b"me")
            return False

        async def was_refused() -> bool:
            return tokens.refused > 0

        def failure() -> str:
            return "" if connection.failure is None else connection.failure.detail

        assert not await is_me()
        assert "no token for Redis" in failure()
        tokens.let_in_by("first", server)
        await soon(is_me)
        assert failure() == ""
        tokens.secret, tokens.refused = "", 0
        await soon(was_refused)
        tokens.let_in_by("second", server)
        await soon(is_me)
        await connection.close()
