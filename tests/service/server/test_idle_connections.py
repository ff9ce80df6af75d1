"""Connections to a real server on which nothing is asked, or asked in an unusual form."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from websockets.sync.client import connect

from tests.kit.service_kit import FAKES
from tests.kit.serving import EARSHOT, Server, eventually, serving

MOST = 5
# Whoever connects from this machine is no proxy here, but a client like others.
LIMITED = {**FAKES, "TRUSTED_PROXIES": "192.0.2.1", "CLIENT_IDLE_CONNECTIONS": str(MOST)}
GET = b"GET /api/v1/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(EARSHOT, **LIMITED) as server:
        yield server


@pytest.fixture
def sockets() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def opened(server: Server, sockets: ExitStack) -> socket.socket:
    address = urlsplit(server.url)
    assert address.hostname is not None
    connection = socket.create_connection((address.hostname, address.port or 0), timeout=60)
    return sockets.enter_context(connection)


def answered(connection: socket.socket, request: bytes) -> bytes:
    """The status line of the answer."""
    connection.sendall(request)
    return connection.recv(65_536).split(b"\r\n")[0]


def is_closed(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def test_of_too_many_idle_connections_the_oldest_are_closed_and_nobody_is_refused(
    server: Server, sockets: ExitStack
) -> None:
    url = server.url.replace("http", "ws", 1) + "/api/v1/realtime/conversation"
    talking = sockets.enter_context(connect(url, proxy=None, open_timeout=60, close_timeout=1))
    asked = opened(server, sockets)
    assert answered(asked, GET) == b"HTTP/1.1 200 "
    silent = [opened(server, sockets) for _ in range(3 * MOST)]
    eventually(lambda: is_closed(asked) and all(map(is_closed, silent[:-MOST])))
    assert [is_closed(one) for one in silent[-MOST:]] == [False] * MOST
    silent[-1].setblocking(True)
    assert answered(silent[-1], GET) == b"HTTP/1.1 200 "
    # A conversation is not idle, however many connections its client opens.
    talking.send('{"type":"ping"}')
    assert talking.recv(timeout=60)


def test_a_connection_without_a_whole_request_is_closed_while_one_with_it_stays(
    server: Server, sockets: ExitStack
) -> None:
    silent, halfway, asked = (opened(server, sockets) for _ in range(3))
    halfway.sendall(GET[:-2])
    assert answered(asked, GET) == b"HTTP/1.1 200 "
    for connection in (silent, halfway):
        connection.settimeout(60)
        assert connection.recv(1) == b""
    assert not is_closed(asked)


def test_a_proxy_that_is_trusted_keeps_as_many_as_it_likes(sockets: ExitStack) -> None:
    with serving(EARSHOT, **{**LIMITED, "TRUSTED_PROXIES": "private"}) as server:
        silent = [opened(server, sockets) for _ in range(4 * MOST)]
        for connection in silent:
            assert answered(connection, GET) == b"HTTP/1.1 200 "


@pytest.mark.parametrize(
    ("target", "host", "status"),
    [
        ("http://localhost/api/v1/health/live", "localhost", b"200"),
        ("HTTP://127.0.0.1:1/api/v1/health/live/", "localhost", b"200"),
        ("http://localhost/api/v1/nothing?x=1", "localhost", b"404"),
        ("http://user@localhost/api/v1/health/live", "localhost", b"404"),
        # The host of the URL is the one that counts.
        ("http://localhost/api/v1/health", "evil.example", b"200"),
        ("http://evil.example/api/v1/health", "localhost", b"403"),
    ],
)
def test_a_whole_url_as_the_target_is_taken(
    server: Server, sockets: ExitStack, target: str, host: str, status: bytes
) -> None:
    connection = opened(server, sockets)
    request = f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    assert answered(connection, request).split()[1] == status


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5)
UPGRADE = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"


@pytest.mark.parametrize(
    ("request_of", "status"), [(PREFACE, b"404"), (GET.replace(b"\r\n\r\n", b"\r\n" + UPGRADE), b"200")]
)
def test_nobody_is_answered_in_http_2(server: Server, sockets: ExitStack, request_of: bytes, status: bytes) -> None:
    """Thousands of its streams fit into a packet, and those of one connection count as one client's connection."""
    assert answered(opened(server, sockets), request_of).startswith(b"HTTP/1.1 " + status)


@pytest.mark.parametrize("path", ["/api/v1/realtime/token", "/api/v1/nowhere"])
def test_who_sends_more_than_is_read_is_told_that_the_connection_ends(
    server: Server, sockets: ExitStack, path: str
) -> None:
    connection = opened(server, sockets)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 300000\r\n\r\n".encode()
    connection.sendall(head + b"x" * 100_000)
    answer = b""
    while chunk := connection.recv(65_536):
        answer += chunk
    assert answer.split(b" ")[1] in (b"413", b"404")
    assert b"\r\nconnection: close\r\n" in answer.lower()
