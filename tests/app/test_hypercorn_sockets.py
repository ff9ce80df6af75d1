"""The shortcut past Hypercorn, on the server as it is really started: used for what is ordinary, and only for that."""

import os
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.types import Message, Receive, Scope, Send
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.sync.client import ClientConnection

from app.hypercorn_sockets import HypercornSockets
from app.socket_writer import shortcut_of
from tests.app.serving import Server, serving


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def client(server: Server) -> ClientConnection:
    return server.socket("/beside")[1]


def said(client: ClientConnection, message: str | bytes) -> str | bytes:
    client.send(message)
    return client.recv(timeout=10)


def close_code(client: ClientConnection) -> int:
    with pytest.raises(ConnectionClosed):
        client.recv(timeout=10)
    assert client.close_code is not None
    return client.close_code


def test_ordinary_messages_come_and_go_past_hypercorn(client: ClientConnection) -> None:
    for message in ("", "heard", "gehört \N{EAR}", "x" * 125, "x" * 126, "x" * 0xFFFF, b"", bytes(640)):
        assert said(client, message) == message
    assert said(client, "how") == "0 by ASGI"


def test_what_comes_with_the_handshake_is_held_until_somebody_listens(server: Server) -> None:
    with closing(Raw(server, "/late")) as raw:
        raw.socket.sendall(frame(Opcode.TEXT, b"early") + frame(Opcode.TEXT, b"how"))
        assert raw.until(b"by ASGI").endswith(b"early\x81\x090 by ASGI")


def test_pings_are_answered_and_change_nothing(client: ClientConnection) -> None:
    for payload in ("", "with a payload"):
        assert client.ping(payload).wait(10)
    client.pong("unasked")
    assert said(client, "heard") == "heard"
    assert said(client, "how") == "0 by ASGI"


@pytest.mark.parametrize("message", [["frag", "men", "ted"], [b"frag", b"mented"], "x" * 0x10000])
def test_what_is_not_ordinary_is_hypercorns_and_all_that_follows(
    client: ClientConnection, message: str | list[str] | list[bytes]
) -> None:
    assert said(client, "before") == "before"
    client.send(message)
    client.send("after")
    whole = message if isinstance(message, str) else message[0][:0].join(message)  # type: ignore[arg-type]
    assert client.recv(timeout=10) == whole
    assert client.recv(timeout=10) == "after"
    assert said(client, "how") == "3 by ASGI"


def test_a_message_that_is_too_large_closes_the_socket(client: ClientConnection) -> None:
    client.send("x" * ((1 << 20) + 1))
    assert close_code(client) == 1009


def test_a_client_that_closes_is_answered(client: ClientConnection) -> None:
    assert said(client, "heard") == "heard"
    client.close(4000, "enough")
    assert client.close_code == 4000


def test_an_error_of_the_app_closes_the_socket_as_ever(client: ClientConnection) -> None:
    client.send("fail")
    assert close_code(client) == 1011


def test_a_client_that_does_not_read_is_waited_for(client: ClientConnection) -> None:
    client.send("flood")
    assert client.ping().wait(0.2) in (True, False)
    told = [client.recv(timeout=10) for _ in range(200)]
    assert [int(text[:10]) for text in told] == list(range(200))
    assert said(client, "heard") == "heard"


class Raw:
    """A client byte by byte."""

    def __init__(self, server: Server, path: str = "/beside") -> None:
        address = urlsplit(server.url)
        assert address.hostname is not None
        assert address.port is not None
        self.socket = socket.create_connection((address.hostname, address.port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self.received = b""
        self.until(b"\r\n\r\n")
        # Hypercorn's first ping comes at once, before or after the app's first word.
        self.received = self.until(b"\x89\0").removesuffix(b"\x89\0") + self.received

    def close(self) -> None:
        """Hang up, without a word."""
        self.socket.close()

    def until(self, end: bytes) -> bytes:
        """What the server says, up to `end`; all that it says if it does not come."""
        while end not in self.received and (more := self.socket.recv(4_096)):
            self.received += more
        before, found, self.received = self.received.partition(end)
        return before + found


def frame(opcode: Opcode, payload: bytes, *, mask: bool = True) -> bytes:
    return Frame(opcode, payload).serialize(mask=mask)


def test_a_frame_may_come_in_pieces(server: Server) -> None:
    sent = frame(Opcode.TEXT, b"in pieces " + b"x" * 200) + frame(Opcode.TEXT, b"how")
    with closing(Raw(server)) as raw:
        for at in range(len(sent)):
            raw.socket.sendall(sent[at : at + 1])
        assert b"0 by ASGI" in raw.until(b"by ASGI")


@pytest.mark.parametrize(
    "sent",
    [
        frame(Opcode.TEXT, b"\xff\xfe"),
        frame(Opcode.TEXT, b"not masked", mask=False),
        b"\xc1" + frame(Opcode.TEXT, b"reserved")[1:],
        b"\x83\x80" + os.urandom(4),
        b"\x09" + frame(Opcode.PING, b"in parts")[1:],
        b"\x81\xfe\x00\x05" + os.urandom(9),
    ],
    ids=["no UTF-8", "no mask", "a reserved bit", "an unknown opcode", "a ping in parts", "a size that is too long"],
)
def test_what_is_wrong_is_answered_as_hypercorn_does(server: Server, sent: bytes) -> None:
    answers = []
    for path in ("/echo", "/beside"):
        with closing(Raw(server, path)) as raw:
            raw.socket.sendall(frame(Opcode.TEXT, b"before"))
            assert raw.until(b"before").endswith(b"before")
            raw.socket.sendall(sent)
            answers.append(raw.until(b"the end of the connection"))
    assert answers[0] == answers[1]


async def offered(scope: dict[str, Any], send: Send) -> bool:
    found: list[bool] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        found.append(shortcut_of(scope) is not None)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    await HypercornSockets(app)(scope, receive, send)
    return found[0]


async def test_another_server_has_no_shortcut() -> None:
    async def send(_: Message) -> None:
        return

    class Stream:
        async def send(self, _: Message) -> None:
            return

    for its_send in (send, Stream().send):
        assert not await offered({"type": "websocket", "http_version": "1.1"}, its_send)


async def test_nor_have_the_streams_of_http_2_which_share_a_transport() -> None:
    class Anything:
        def __getattr__(self, name: str) -> Any:
            return self

        def __call__(self, *_: Any) -> Any:
            return self

        async def app_send(self, _: Message) -> None:
            return

    stream = Anything()
    assert await offered({"type": "websocket", "http_version": "1.1"}, stream.app_send)
    assert not await offered({"type": "websocket", "http_version": "2"}, stream.app_send)
