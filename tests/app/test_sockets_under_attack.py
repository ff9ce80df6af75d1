"""The product's own sockets, and clients that mean it harm: what these are told, and that nothing of them is kept."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Opcode

from tests.app.service_kit import FAKES
from tests.app.serving import EARSHOT, Server, eventually, serving
from tests.app.test_hypercorn_sockets import Raw, frame

CONVERSATION, RELAY = "/api/v1/realtime/conversation", "/api/v1/realtime/dashboard/relay"
MEDIA = "/api/v1/media/stream"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(EARSHOT, ENABLE_AUTH_VALIDATION="off", **FAKES) as server:
        yield server


def opened(server: Server, path: str) -> connect:
    return connect(server.url.replace("http", "ws", 1) + path, proxy=None)


def sessions(server: Server) -> list[Any]:
    live: list[Any] = server.get("/api/v1/health/actors").json()["sessions"]
    return live


@pytest.mark.parametrize(
    "path", [f"{CONVERSATION}?session_id=early", f"{RELAY}?session_id=early", f"{MEDIA}?call_connection_id=early"]
)
def test_a_message_in_one_packet_with_the_handshake_begins_nothing(server: Server, path: str) -> None:
    with closing(Raw(server, path, early=frame(Opcode.TEXT, b"early"))) as raw:
        assert raw.head.startswith(b"HTTP/1.1 400 ")
        assert "early" not in [session["session_id"] for session in sessions(server)]


def dashboards(server: Server) -> int:
    return int(server.get("/api/v1/realtime/status").json()["active_connections"]["dashboard_clients"])


async def flood(socket: ClientConnection, message: str | bytes) -> None:
    """Five times what may come at once, or until the socket is closed."""
    with suppress(ConnectionClosed):
        for _ in range(10_000):
            await socket.send(message)


async def read_all(socket: ClientConnection) -> None:
    """Until the socket is closed."""
    with suppress(ConnectionClosed):
        while True:
            await socket.recv()


MARK = '{"type":"playout_mark","turn":1,"audio_ms":1,"state":"empty"}'


@pytest.mark.parametrize("message", ['{"type":"ping"}', MARK, "hi", bytes(640)])
@pytest.mark.parametrize("path", [CONVERSATION, f"{RELAY}?session_id=watched"])
async def test_a_client_above_the_rate_is_closed_and_told_why(server: Server, path: str, message: str | bytes) -> None:
    async with opened(server, path) as socket:
        async with asyncio.timeout(10):
            await asyncio.gather(flood(socket, message), read_all(socket))
        assert (socket.close_code, socket.close_reason) == (
            1008,
            "more messages than this server takes from one connection",
        )
    eventually(lambda: dashboards(server) == 0)


async def test_a_call_that_delivers_much_at_once_is_heard_and_not_closed(server: Server) -> None:
    async with opened(server, f"{MEDIA}?call_connection_id=burst") as socket:
        silence = json.dumps({"kind": "AudioData", "audioData": {"data": "AAAA" * 213 + "AA==", "silent": False}})
        for _ in range(5_000):
            await socket.send(silence)
        assert await socket.ping()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.wait_closed(), 0.5)
