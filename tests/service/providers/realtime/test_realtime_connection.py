"""The bounds of a connection: services that read nothing, send in bursts, or send what is too long."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientSession, web

from app.providers.realtime import connection as bounds
from app.providers.realtime.connection import MAX_MESSAGE_BYTES, MAX_UNSENT_BYTES, RealtimeConnection, RealtimeSocket
from protocol.realtime.failure_kinds import FailureKind

Serve = Callable[[web.WebSocketResponse], Awaitable[None]]


class Ends:
    """What one connection reported."""

    def __init__(self) -> None:
        self.messages: list[bytes | str] = []
        self.closed: asyncio.Future[tuple[FailureKind, str]] = asyncio.get_running_loop().create_future()
        self.turns = 0

    def on_closed(self, kind: FailureKind, detail: str) -> None:
        self.closed.set_result((kind, detail))


@asynccontextmanager
async def connected(serve: Serve) -> AsyncIterator[tuple[RealtimeConnection, Ends]]:
    """A connection to a service that does as `serve` says."""
    stop = asyncio.Event()

    async def handle(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        serving = asyncio.ensure_future(serve(socket))
        await asyncio.wait([serving, asyncio.ensure_future(stop.wait())], return_when=asyncio.FIRST_COMPLETED)
        serving.cancel()
        return socket

    app = web.Application()
    app.router.add_get("/", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    ends = Ends()
    async with ClientSession(ws_response_class=RealtimeSocket) as http:
        port = runner.addresses[0][1]
        socket = await http.ws_connect(f"http://127.0.0.1:{port}/", max_msg_size=MAX_MESSAGE_BYTES)
        connection = RealtimeConnection(socket, ends.messages.append, ends.on_closed)
        try:
            yield connection, ends
        finally:
            await asyncio.wait_for(connection.close(), 30)
            stop.set()
            await runner.cleanup()


async def silence(socket: web.WebSocketResponse) -> None:
    await asyncio.sleep(60)


async def test_a_service_that_reads_nothing_is_given_up_before_memory_is() -> None:
    async with connected(silence) as (connection, ends):
        sent = 0
        while not ends.closed.done() and sent < 60 * 2**20:
            connection.send(b"x" * 60_000)
            sent += 60_000
            await asyncio.sleep(0)
        kind, detail = await asyncio.wait_for(ends.closed, 30)
        assert kind is FailureKind.TRANSIENT
        assert "too much waits" in detail
        assert sent < MAX_UNSENT_BYTES + 20 * 2**20, "what the sockets of both sides hold comes on top"


async def test_a_send_that_takes_too_long_ends_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "SEND_TIMEOUT_S", 0.2)
    monkeypatch.setattr(bounds, "MAX_UNSENT_BYTES", 60 * 2**20)
    async with connected(silence) as (connection, ends):
        for _ in range(500):
            connection.send(b"x" * 60_000)
        kind, detail = await asyncio.wait_for(ends.closed, 30)
        assert (kind, "took nothing" in detail) == (FailureKind.TRANSIENT, True)


async def test_each_message_has_all_the_time_though_one_timer_watches_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "SEND_TIMEOUT_S", 0.5)
    async with connected(silence) as (connection, ends):
        loop = asyncio.get_running_loop()
        connection.send(b"taken at once")
        await asyncio.sleep(0.3)
        never = asyncio.Event()

        async def stuck(*_: object) -> None:
            await never.wait()

        monkeypatch.setattr(connection._socket, "send_frame", stuck)
        began_s = loop.time()
        connection.send(b"taken never")
        kind, _ = await asyncio.wait_for(ends.closed, 30)
        assert kind is FailureKind.TRANSIENT
        assert loop.time() - began_s >= 0.5


async def test_a_burst_leaves_the_others_their_turn() -> None:
    async def burst(socket: web.WebSocketResponse) -> None:
        for _ in range(200):
            await socket.send_str("x" * 20_000)
        await socket.close()

    async with connected(burst) as (_, ends):
        most = 0
        while not ends.closed.done():
            before = len(ends.messages)
            await asyncio.sleep(0)
            most = max(most, len(ends.messages) - before)
        assert len(ends.messages) == 200
        assert most <= bounds.READ_AT_ONCE_BYTES // 20_000 + 1


async def test_a_message_that_is_too_long_is_not_kept() -> None:
    async def flood(socket: web.WebSocketResponse) -> None:
        await socket.send_str("x" * (MAX_MESSAGE_BYTES + 1))
        await asyncio.sleep(60)

    async with connected(flood) as (_, ends):
        kind, _ = await asyncio.wait_for(ends.closed, 30)
        assert kind is FailureKind.FATAL
        assert ends.messages == []


async def test_a_message_that_cannot_be_handled_ends_the_connection_and_not_the_loop() -> None:
    async def one(socket: web.WebSocketResponse) -> None:
        await socket.send_str("{}")
        await asyncio.sleep(60)

    async with connected(one) as (connection, ends):
        connection._on_message = lambda _: 1 / 0  # type: ignore[assignment]
        kind, detail = await asyncio.wait_for(ends.closed, 30)
        assert (kind, "ZeroDivisionError" in detail) == (FailureKind.TRANSIENT, True)


async def test_what_waits_is_sent_before_the_end() -> None:
    received: list[str] = []

    async def listen(socket: web.WebSocketResponse) -> None:
        async for message in socket:
            received.append(message.data)

    async with connected(listen) as (connection, ends):
        for at in range(20):
            connection.send(str(at).encode())
        await connection.close()
        assert not ends.closed.done(), "who closes is not told so"
    assert received == [str(at) for at in range(20)]


async def ten(socket: web.WebSocketResponse) -> None:
    """One message at once, and nine more when anything was received."""
    await socket.send_str("0")
    await socket.receive()
    for at in range(1, 10):
        await socket.send_str(str(at))
        await asyncio.sleep(0.01)
    await asyncio.sleep(60)


async def test_what_comes_while_it_is_held_is_read_afterwards() -> None:
    async with connected(ten) as (connection, ends):
        await until(lambda: len(ends.messages) == 1)
        connection.send(b"go on")
        began_s = asyncio.get_running_loop().time()
        connection.hold(0.5)
        connection.hold(30)  # it is held already
        await until(lambda: len(ends.messages) > 1)
        assert asyncio.get_running_loop().time() - began_s >= 0.5
        await until(lambda: len(ends.messages) == 10)
        assert ends.messages == [str(at) for at in range(10)]


async def test_who_sends_something_wants_to_know_what_comes_of_it() -> None:
    async with connected(ten) as (connection, ends):
        await until(lambda: len(ends.messages) == 1)
        connection.hold(60)
        connection.send(b"go on")
        await until(lambda: len(ends.messages) == 10)


async def test_an_end_that_comes_while_it_is_held_is_found_afterwards() -> None:
    async def end(socket: web.WebSocketResponse) -> None:
        await socket.receive()
        await socket.close(code=1011)

    async with connected(end) as (connection, ends):
        connection.send(b"end")
        connection.hold(0.2)
        kind, detail = await asyncio.wait_for(ends.closed, 30)
        assert (kind, "1011" in detail) == (FailureKind.TRANSIENT, True)
        connection.hold(60)  # of no use any more, and harmless


async def test_one_that_is_held_is_closed_as_quickly_as_any() -> None:
    async with connected(ten) as (connection, ends):
        await until(lambda: len(ends.messages) == 1)
        connection.hold(60)
        await asyncio.wait_for(connection.close(), 10)


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not is_so():  # noqa: ASYNC110  nobody is told
            await asyncio.sleep(0.005)
