"""A connection that another worker answers: what passes both ways, and what becomes of it when one side is gone."""

import asyncio
import logging
import os
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.server.asgi_relay import RELAYED, RelayError, RelayServer, address_of, relay, relayed_scope, scope_of

SCOPE: dict[str, Any] = {
    "type": "http",
    "method": "POST",
    "path": "/api/v1/sessions",
    "query_string": b"",
    "headers": [(b"accept", b"*/*")],
    "client": ("203.0.113.1", 50_000),
    "server": None,
    "state": {"of": "this worker only"},
    "app": object(),
}


class Client:
    """A client of the worker that relays: what it sends, and what it is sent."""

    def __init__(self, *sends: Message) -> None:
        self.got: list[Message] = []
        self.sends: asyncio.Queue[Message] = asyncio.Queue()
        for message in sends:
            self.sends.put_nowait(message)

    async def send(self, message: Message) -> None:
        self.got.append(message)


def with_worker(app: ASGIApp, act: Callable[[Path, RelayServer], Awaitable[None]]) -> None:
    """Have a worker answer by `app`; `act` is told where."""

    async def main() -> None:
        # Not pytest's directory: the path of a Unix socket is a short one.
        with tempfile.TemporaryDirectory() as directory:
            server = RelayServer(app, Path(directory), Mock())
            await server.start()
            try:
                async with asyncio.timeout(30):
                    await act(address_of(Path(directory), os.getpid()), server)
            finally:
                server.close(is_orphan=False)

    asyncio.run(main())


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with what was asked, until the client has said all."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while (message := await receive())["type"] == "http.request":
        more = message.get("more_body", False)
        await send({"type": "http.response.body", "body": message["body"], "more_body": more})
        if not more:
            return


def test_what_either_side_sends_reaches_the_other_whole_and_in_order() -> None:
    pieces = [os.urandom(100_000) for _ in range(5)]

    async def act(address: Path, _: RelayServer) -> None:
        client = Client(*({"type": "http.request", "body": piece, "more_body": True} for piece in pieces))
        client.sends.put_nowait({"type": "http.request", "body": b"", "more_body": False})
        await relay(address, SCOPE, client.sends.get, client.send)
        assert [message["body"] for message in client.got[1:]] == [*pieces, b""]

    with_worker(echo, act)


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_an_answer_arrives_whole_though_the_app_reads_nothing_of_what_the_client_goes_on_sending(
    kind: str,
) -> None:
    answer: list[Message] = [{"type": f"{kind}.send", "bytes": bytes(2_000), "number": n} for n in range(100)]
    answer.append({"type": f"{kind}.close", "code": 1000})

    async def says_its_last(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.01)
        for message in answer:
            await send(message)

    async def act(address: Path, _: RelayServer) -> None:
        client = Client(*({"type": f"{kind}.receive", "bytes": bytes(5_000)} for _ in range(100)))

        async def send(message: Message) -> None:
            await asyncio.sleep(0.002)  # a client that is not quick to read
            await client.send(message)

        await relay(address, {**SCOPE, "type": kind}, client.sends.get, send)
        assert client.got == answer

    with_worker(says_its_last, act)


def test_the_other_workers_app_sees_the_scope_as_asgi_has_it_and_that_it_was_relayed() -> None:
    seen: list[Scope] = []

    async def look(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)

    async def act(address: Path, _: RelayServer) -> None:
        client = Client()
        await relay(address, SCOPE, client.sends.get, client.send)

    with_worker(look, act)
    [scope] = seen
    assert (scope["path"], scope["headers"], scope["client"]) == (SCOPE["path"], SCOPE["headers"], SCOPE["client"])
    assert scope[RELAYED] is True
    assert (scope["state"], "app" in scope) == ({}, False)


def test_a_scope_keeps_what_another_worker_needs_and_nothing_of_this_one() -> None:
    kept = relayed_scope(SCOPE)
    assert set(SCOPE) - set(kept) == {"state", "app"}
    assert scope_of({"headers": [[b"a", b"b"]], "client": ["::1", 1]})["headers"] == [(b"a", b"b")]


def test_a_worker_that_is_not_there_or_that_says_nothing_is_told_of_soon() -> None:
    async def main() -> None:
        client = Client()
        with tempfile.TemporaryDirectory() as directory:
            with pytest.raises(RelayError, match="does not answer"):
                await relay(Path(directory) / "1", SCOPE, client.sends.get, client.send)
            stopped = Path(directory) / "2"
            gone = asyncio.Event()

            async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await reader.read()
                writer.close()
                gone.set()

            silent = await asyncio.start_unix_server(say_nothing, stopped)
            async with silent, asyncio.timeout(10):
                with pytest.raises(RelayError, match="does not answer"):
                    await relay(stopped, SCOPE, client.sends.get, client.send)
                await gone.wait()
        assert client.got == []

    asyncio.run(main())


def test_an_app_that_fails_is_logged_and_the_client_of_the_other_worker_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError

    async def act(address: Path, _: RelayServer) -> None:
        client = Client()
        with caplog.at_level(logging.ERROR), pytest.raises(RelayError, match="has ended"):
            await relay(address, SCOPE, client.sends.get, client.send)
        assert [message["type"] for message in client.got] == ["http.response.start"]

    with_worker(fail, act)
    assert "a connection of another worker failed" in caplog.text


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_an_app_is_told_when_the_worker_that_relays_is_gone(kind: str) -> None:
    told: list[Message] = []
    over = asyncio.Event()

    async def wait(scope: Scope, receive: Receive, send: Send) -> None:
        told.append(await receive())
        over.set()

    async def act(address: Path, _: RelayServer) -> None:
        client = Client()
        relaying = asyncio.create_task(relay(address, {**SCOPE, "type": kind}, client.sends.get, client.send))
        await asyncio.sleep(0.1)
        relaying.cancel()
        await over.wait()

    with_worker(wait, act)
    assert [message["type"] for message in told] == [f"{kind}.disconnect"]


@pytest.mark.parametrize("is_orphan", [False, True])
def test_a_worker_that_ends_removes_its_socket_and_the_last_one_the_directory(is_orphan: bool) -> None:
    async def main() -> None:
        with tempfile.TemporaryDirectory() as around:
            directory = Path(around) / "relay"
            directory.mkdir()
            server = RelayServer(echo, directory, Mock())
            await server.start()
            assert address_of(directory, os.getpid()).exists()
            server.close(is_orphan=is_orphan)
            assert (directory.exists(), address_of(directory, os.getpid()).exists()) == (not is_orphan, False)

    asyncio.run(main())
