"""A stop leaves only a few quiet lines in the log, whatever clients are in the middle of: real processes."""

import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import httpx
import pytest
from websockets.sync.client import connect

from tests.kit.service_kit import FAKES
from tests.kit.serving import EARSHOT, Server, eventually, serving

API = "/api/v1"
NOISE = ("level=error", "level=warning", "level=critical", "Traceback", "exc=", "Exception")


GRACE_S = "20"
"""Many times what a stop takes: a worker that a busy machine has not let end by then is killed, which the status tells.
"""
STOPS_S = 60.0

DEAF_BUFFER = 4_096
"""Bytes that the system takes for a client that does not read: a greeting is more."""


def raw_connection(server: Server, first: bytes, buffer: int = 0) -> socket.socket:
    """A TCP connection that has sent `first`; the system takes `buffer` bytes for it, or as many as it likes for 0."""
    url = httpx.URL(server.url)
    connection = socket.socket()
    if buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    connection.settimeout(10)
    connection.connect((url.host, url.port or 0))
    connection.sendall(first)
    return connection


@contextmanager
def read_to_the_end(connection: socket.socket) -> Iterator[socket.socket]:
    """Read whatever the server sends and answer nothing, until the block ends; the connection is closed after it."""

    def read() -> None:
        with suppress(OSError):
            while connection.recv(65_536):
                pass

    connection.settimeout(None)
    reader = threading.Thread(target=read, name="reader", daemon=True)
    reader.start()
    try:
        yield connection
    finally:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        reader.join(30)
        connection.close()
        assert not reader.is_alive()


def upgrade(path: str) -> bytes:
    """The handshake of a WebSocket."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
    ).encode()


def noise(log: str) -> list[str]:
    """Lines of a log that would alarm somebody; not what the loop's watchdog says of a loaded machine."""
    lines = [line for line in log.splitlines() if "logger=earshot.loop" not in line]
    return [line for line in lines if any(sign in line for sign in NOISE)]


OPENED = {
    "nothing sent": b"",
    "half a request line": b"GET /api",
    "half a header": b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\nX-Half",
    "half a body": b"POST /api/v1/realtime/token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{",
    "keep-alive": b"GET /api/v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "pipelined": b"GET /api/v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 3,
    "conversation that answers no close frame": upgrade(f"{API}/realtime/conversation?session_id=mute"),
    "relay that answers no close frame": upgrade(f"{API}/realtime/dashboard/relay?session_id=mute"),
    "media": upgrade(f"{API}/media/stream?call_connection_id=c1"),
}


@pytest.mark.parametrize("kind", OPENED)
def test_a_connection_that_is_open_makes_no_noise(kind: str) -> None:
    with (
        serving(EARSHOT, DRAIN_GRACE_S=GRACE_S, **FAKES) as server,
        read_to_the_end(raw_connection(server, OPENED[kind])),
    ):
        time.sleep(0.5)
        server.signal(signal.SIGTERM)
        assert server.process.wait(STOPS_S) == 0
        assert noise(server.log()) == []


def test_a_client_in_the_middle_of_a_frame_makes_no_noise() -> None:
    with (
        serving(EARSHOT, DRAIN_GRACE_S=GRACE_S, **FAKES) as server,
        raw_connection(server, upgrade(f"{API}/realtime/conversation")) as half,
    ):
        assert b"101" in half.recv(4096)
        half.sendall(b"\x81\xfe\x01")
        with read_to_the_end(half):
            server.signal(signal.SIGTERM)
            assert server.process.wait(STOPS_S) == 0
        assert noise(server.log()) == []


def test_a_client_that_does_not_read_is_told_of_once_and_a_stop_adds_nothing() -> None:
    with (
        serving(EARSHOT, DRAIN_GRACE_S=GRACE_S, **FAKES) as server,
        raw_connection(server, upgrade(f"{API}/realtime/conversation"), DEAF_BUFFER),
    ):
        eventually(lambda: "its client does not read" in server.log(), 30)
        server.signal(signal.SIGTERM)
        assert server.process.wait(STOPS_S) == 0
        (line,) = noise(server.log())
        assert "its client does not read" in line


def test_all_of_them_at_once_and_clients_that_behave_make_no_noise() -> None:
    with serving(EARSHOT, DRAIN_GRACE_S=GRACE_S, WEB_CONCURRENCY="2", **FAKES) as server, ExitStack() as opened:
        for first in OPENED.values():
            for _ in range(3):
                opened.enter_context(read_to_the_end(raw_connection(server, first)))
        address = server.url.replace("http", "ws", 1) + API
        talking = [
            opened.enter_context(connect(f"{address}{path}", proxy=None, close_timeout=1, max_queue=None))
            for path in ("/realtime/conversation", "/realtime/dashboard/relay?session_id=s1") * 3
        ]
        talking[0].send(json.dumps({"type": "text", "text": "good morning"}))
        time.sleep(0.5)
        server.signal(signal.SIGTERM)
        assert server.process.wait(STOPS_S) == 0
        assert noise(server.log()) == []


def test_requests_that_are_being_answered_are_waited_for_and_those_that_hang_are_cut_without_noise() -> None:
    slow = b"GET /slow?s=1 HTTP/1.1\r\nHost: x\r\n\r\n"
    hung = b"GET /slow?s=600 HTTP/1.1\r\nHost: x\r\n\r\n"
    with serving(DRAIN_GRACE_S=GRACE_S) as server, raw_connection(server, slow) as one, raw_connection(server, hung):
        eventually(lambda: server.get("/running").text == "2")
        server.signal(signal.SIGTERM)
        assert b"200" in one.recv(4096)
        assert server.process.wait(STOPS_S) == 0
        assert noise(server.log()) == []
        assert server.log().count("a connection was cut") == 1


@pytest.mark.parametrize("calls", [1, 50])
def test_calls_of_others_that_hang_in_threads_do_not_hold_up_the_end(calls: int) -> None:
    with serving(DRAIN_GRACE_S="200") as server:
        assert server.get(f"/threads?n={calls}").status_code == 200
        server.signal(signal.SIGTERM)
        assert server.process.wait(timeout=60) == 0
        assert "the worker ends though calls of an engine or a tool hang: to_thread_0" in server.log()
