"""A WebSocket that is refused is refused at once, with its code, and its connection does not stay open."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from websockets.frames import Frame, Opcode

from tests.kit.clients.handshake import handshake
from tests.kit.service_kit import FAKES
from tests.kit.serving import EARSHOT, Server, serving

PATIENCE_S = 20.0
"""How long the end of a connection is waited for. Left to the client it would stay open for as long as that likes."""
API = "/api/v1"
SOCKETS = (
    f"{API}/realtime/conversation?session_id=s1",
    f"{API}/browser/dashboard/relay?session_id=s1",
    f"{API}/console",
    f"{API}/media/stream?call_connection_id=c1",
    f"{API}/media/stream/guessed",
    f"{API}/nowhere",
)
PUBLIC = {"BASE_URL": "https://voice.example"}


@pytest.fixture(scope="module")
def here() -> Iterator[Server]:
    """A server that lets everybody on this machine in."""
    with serving(EARSHOT, **FAKES) as server:
        yield server


@pytest.fixture(scope="module")
def closed() -> Iterator[Server]:
    """A server that lets nobody in without a token."""
    with serving(EARSHOT, **FAKES, **PUBLIC) as server:
        yield server


def answer(server: Server, *pieces: bytes) -> bytes:
    """All that the server says to a client that never closes, up to the end of the connection.

    Raises:
        TimeoutError: the connection stays open.
    """
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=PATIENCE_S) as connection:
        for piece in pieces:
            connection.sendall(piece)
        said = b""
        while more := connection.recv(65_536):
            said += more
    return said


EARLY = Frame(Opcode.TEXT, b"early").serialize(mask=True)


@pytest.mark.parametrize("early", [EARLY, EARLY * 2_000, EARLY[:3]], ids=["a frame", "many", "half a frame"])
@pytest.mark.parametrize("path", SOCKETS)
def test_what_comes_in_one_packet_with_the_handshake_is_refused_whether_the_socket_would_be_or_not(
    here: Server, closed: Server, path: str, early: bytes
) -> None:
    for server in (here, closed):
        assert answer(server, handshake(path) + early).startswith(b"HTTP/1.1 4")


@pytest.mark.parametrize("path", SOCKETS)
def test_a_socket_that_is_refused_is_closed_by_the_server(closed: Server, path: str) -> None:
    said = answer(closed, handshake(path))
    if "/realtime/" in path or "/browser/" in path:
        assert said.startswith(b"HTTP/1.1 101 ")
        assert (1008).to_bytes(2, "big") + b"token missing" in said
    else:
        assert said.startswith((b"HTTP/1.1 403 ", b"HTTP/1.1 404 "))


@pytest.mark.parametrize(
    "wrong",
    [
        handshake(SOCKETS[0], version=8),
        handshake(SOCKETS[0]).replace(b"Sec-WebSocket-Key", b"X-Key"),
    ],
    ids=["version", "key"],
)
def test_a_handshake_that_is_none_is_answered_and_its_connection_closed(here: Server, wrong: bytes) -> None:
    assert answer(here, wrong).startswith(b"HTTP/1.1 400 ")


def test_a_socket_over_a_limit_is_closed_with_its_code() -> None:
    with serving(EARSHOT, **FAKES, **PUBLIC, CLIENT_CONNECTIONS_PER_MINUTE="1") as server:
        said = [answer(server, handshake(SOCKETS[0])) for _ in range(8)]
        assert (1013).to_bytes(2, "big") in said[-1]
