"""The fast path past Hypercorn, on the server as it is really started: used for what is ordinary, and only for that."""

import contextlib
import os
import socket
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import closing
from operator import itemgetter
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.types import Message, Receive, Scope, Send
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.sync.client import ClientConnection

from app.server.sockets.fast_path import fast_path_of
from app.server.sockets.hypercorn_fast_path import (
    SEND_BUFFER_BYTES,
    UNSENT_BYTES,
    WRITE_BUFFER_BYTES,
    HypercornFastPath,
    bound_what_is_on_its_way,
)
from tests.kit.clients.handshake import handshake
from tests.kit.serving import Server, serving
from tests.load.wires import Frames

STALL_MS = 100.0
"""A machine with other things to do holds a process up for as long; what is looked for here took seconds."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def client(server: Server) -> ClientConnection:
    return server.socket("/beside")[1]


def said(client: ClientConnection, message: str | bytes) -> str | bytes:
    client.send(message)
    return client.recv(timeout=60)


def close_code(client: ClientConnection) -> int:
    with pytest.raises(ConnectionClosed):
        client.recv(timeout=60)
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
        assert client.ping(payload).wait(60)
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
    assert client.recv(timeout=60) == whole
    assert client.recv(timeout=60) == "after"
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
    told = [client.recv(timeout=60) for _ in range(20)]
    assert [int(text[:10]) for text in told] == list(range(20))
    assert said(client, "heard") == "heard"


class Raw:
    """A client byte by byte."""

    def __init__(
        self, server: Server, path: str = "/beside", early: bytes = b"", receives_bytes: int = 0, headers: str = ""
    ) -> None:
        address = urlsplit(server.url)
        assert address.hostname is not None
        assert address.port is not None
        self.socket = socket.socket()
        self.socket.settimeout(10)
        if receives_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives_bytes)
        self.socket.connect((address.hostname, address.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(handshake(path, address.netloc, *headers.splitlines()) + early)
        self.received = b""
        self.head = self.until(b"\r\n\r\n")
        if early:
            return
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

    def answers(self, sent: bytes, reads_after_s: float = 0.0) -> list[tuple[int, bytes]]:
        """The frames that the server answers with, to the end of the connection.

        The client closes once it has been answered: Hypercorn drops what it has not passed on when a close comes.
        """
        sending = threading.Thread(target=self._send, args=(sent + frame(Opcode.TEXT, b"the end"),))
        sending.start()
        time.sleep(reads_after_s)
        frames, told = Frames(), list[tuple[int, bytes]]()
        with contextlib.suppress(ConnectionResetError, TimeoutError):
            while more := self.socket.recv(1 << 16):
                answered = list(frames.push(more))
                told += answered
                if any(opcode == Opcode.CLOSE or payload == b"the end" for opcode, payload in answered):
                    sending.join()
                    self._send(CLOSING)
                    # Hypercorn does not always read on after a message that was too large.
                    self.socket.settimeout(1.0)
        sending.join()
        return told

    def _send(self, sent: bytes) -> None:
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(sent)


def frame(opcode: Opcode, payload: bytes, *, mask: bool = True) -> bytes:
    return Frame(opcode, payload).serialize(mask=mask)


def test_a_frame_may_come_in_pieces(server: Server) -> None:
    sent = frame(Opcode.TEXT, b"in pieces " + b"x" * 200) + frame(Opcode.TEXT, b"how")
    with closing(Raw(server)) as raw:
        for at in range(len(sent)):
            raw.socket.sendall(sent[at : at + 1])
        assert b"0 by ASGI" in raw.until(b"by ASGI")


def head(first_byte: int, size: int = 0) -> bytes:
    """A masked frame of any first byte, with so many bytes of payload."""
    return part(first_byte, b"x" * size)


def part(first_byte: int, payload: bytes) -> bytes:
    """A masked frame of any first byte."""
    return bytes([first_byte]) + frame(Opcode.BINARY, payload)[1:]


CLOSING = frame(Opcode.CLOSE, b"\x03\xe8")
SAYS: dict[str, bytes] = {
    "text": frame(Opcode.TEXT, b"text"),
    "several at once": b"".join(frame(Opcode.TEXT, b"%d" % n) for n in range(40)),
    "empty": frame(Opcode.TEXT, b""),
    "126 bytes": frame(Opcode.TEXT, b"x" * 126),
    "65,535 bytes": frame(Opcode.TEXT, b"x" * 0xFFFF),
    "65,536 bytes": frame(Opcode.TEXT, b"x" * 0x10000),
    "1 MiB": frame(Opcode.TEXT, b"x" * (1 << 20)),
    "more than 1 MiB": frame(Opcode.TEXT, b"x" * ((1 << 20) + 1)),
    "in parts": head(0x01, 4) + head(0x00, 3) + head(0x80, 2),
    "in empty parts": head(0x01) + head(0x00) + head(0x80),
    "a ping between parts": head(0x01, 4) + frame(Opcode.PING, b"ping") + head(0x80, 2),
    "a character in two parts": b"\x01"
    + frame(Opcode.BINARY, b"\xc3")[1:]
    + b"\x80"
    + frame(Opcode.BINARY, b"\xbc")[1:],
    "parts of more than 1 MiB": head(0x01, 0xFFFF) + head(0x00, 0xFFFF) * 16 + head(0x80, 0xFFFF),
    "a new message between parts": head(0x01, 4) + head(0x81, 4),
    "a part of nothing": head(0x80, 4),
    "no UTF-8": frame(Opcode.TEXT, b"\xff\xfe"),
    "half a character": frame(Opcode.TEXT, b"\xc3"),
    "a surrogate": frame(Opcode.TEXT, b"\xed\xa0\x80"),
    "no UTF-8 in the second part": part(0x01, b"good") + part(0x80, b"\xff"),
    "no mask": frame(Opcode.TEXT, b"not masked", mask=False),
    "a ping without a mask": frame(Opcode.PING, b"", mask=False),
    "a close without a mask": frame(Opcode.CLOSE, b"\x03\xe8", mask=False),
    "a size that is too long": b"\x81\xfe\x00\x05" + os.urandom(9),
    "a size of 8 bytes that is too long": b"\x81\xff" + (5).to_bytes(8) + os.urandom(9),
    "a size beyond all bounds": b"\x82\xff" + b"\xff" * 8 + os.urandom(9),
    "a size whose top bit is set": b"\x82\xff" + (1 << 63).to_bytes(8) + os.urandom(9),
    "a size of 8 bytes that is unmasked": b"\x82\x7f" + (1 << 20).to_bytes(8) + os.urandom(9),
    "a mask of nothing": b"\x81\x84" + bytes(4) + b"text",
    "a part that goes on with no UTF-8": part(0x01, b"good \xf0\x9f") + part(0x80, b"x"),
    "a character in four parts": b"".join(
        part(first, b) for first, b in ((0x01, b"\xf0"), (0x00, b"\x9f"), (0x00, b"\x99"), (0x80, b"\x82"))
    ),
    "pings within a character": part(0x01, b"\xc3") + frame(Opcode.PING, b"1") * 3 + part(0x80, b"\xbc"),
    "a part that ends within a character": part(0x01, b"good") + part(0x80, b"\xc3"),
    "an overlong character": frame(Opcode.TEXT, b"\xc0\xaf"),
    "a character beyond Unicode": frame(Opcode.TEXT, b"\xf4\x90\x80\x80"),
    "a close between parts": head(0x01, 4) + CLOSING,
    "parts without an end": head(0x01, 4) + head(0x00, 4) * 20,
    "a pong in parts": head(0x0A, 3),
    "a pong in parts between parts": head(0x01, 4) + head(0x0A, 3) + head(0x80, 4),
    "a ping without an end between parts": head(0x01, 4) + head(0x09) + head(0x80, 4),
    "a part with a reserved bit": head(0x01, 4) + head(0xC0, 3),
    "all reserved bits": head(0xF1, 3),
    "a ping with a reserved bit": head(0xC9, 3),
    "a close with a reserved bit": head(0xC8, 2),
    **{f"reserved bit {bit:#x}": head(0x81 | bit, 3) for bit in (0x40, 0x20, 0x10)},
    **{f"opcode {opcode:#x}": head(0x80 | opcode, 3) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    "a ping": frame(Opcode.PING, b"payload"),
    "a ping of 125 bytes": frame(Opcode.PING, b"x" * 125),
    "a ping of 126 bytes": head(0x89, 126),
    "a ping in parts": head(0x09, 3),
    "a pong": frame(Opcode.PONG, b"unasked") + frame(Opcode.TEXT, b"after"),
    "a pong of 126 bytes": head(0x8A, 126),
    "5,000 pings": frame(Opcode.PING, b"x" * 100) * 5_000,
    "pings and parts": (head(0x01, 1) + frame(Opcode.PING, b"x") + head(0x80, 1)) * 100,
    "a close without a code": frame(Opcode.CLOSE, b""),
    "a close of one byte": frame(Opcode.CLOSE, b"\x03"),
    "a close with a reason": frame(Opcode.CLOSE, b"\x03\xe8enough"),
    "a close whose reason is no UTF-8": frame(Opcode.CLOSE, b"\x03\xe8\xff"),
    "a close of 126 bytes": head(0x88, 126),
    "a close in parts": head(0x08),
    **{
        f"close code {code}": frame(Opcode.CLOSE, code.to_bytes(2))
        for code in (
            *(0, 1, 999, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1010, 1011, 1012, 1013, 1014, 1015, 1016),
            *(2999, 3000, 4999, 5000, 0xFFFF),
        )
    },
    "something after a close": CLOSING + frame(Opcode.TEXT, b"too late") + frame(Opcode.PING, b""),
    "a close twice": CLOSING + CLOSING,
    "something wrong after a close": CLOSING + head(0xF1, 3),
    "the rest of a message after a close": head(0x01, 4) + CLOSING + head(0x80, 4),
    "a close with the longest reason": frame(Opcode.CLOSE, b"\x03\xe8" + b"x" * 123),
    "a close whose reason breaks off in a character": frame(Opcode.CLOSE, b"\x03\xe8\xc3"),
}


@pytest.mark.parametrize("sent", SAYS.values(), ids=SAYS)
def test_whatever_a_client_sends_is_answered_as_hypercorn_does(server: Server, sent: bytes) -> None:
    answers = []
    for path in ("/echo", "/beside"):
        with closing(Raw(server, path)) as raw:
            raw.socket.sendall(frame(Opcode.TEXT, b"before"))
            assert raw.until(b"before").endswith(b"before")
            assert not raw.received
            answers.append(raw.answers(sent))
    # An app answers messages in its own time, and Hypercorn pings at once: in order is what is of one kind.
    assert sorted(answers[0], key=itemgetter(0)) == sorted(answers[1], key=itemgetter(0))


def test_what_is_compressed_all_the_same_is_refused_by_both(server: Server) -> None:
    """As by a client that takes its offer for accepted; unpacked, a few bytes may be as many as memory has."""
    compressor = zlib.compressobj(wbits=-15)
    packed = compressor.compress(b"x" * (1 << 20)) + compressor.flush(zlib.Z_SYNC_FLUSH)
    offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
    for path in ("/echo", "/beside"):
        with closing(Raw(server, path, headers=offer)) as raw:
            assert b"permessage-deflate" not in raw.head
            answers = raw.answers(part(0xC1, packed.removesuffix(b"\0\0\xff\xff")))
            assert answers == [(8, (1002).to_bytes(2, "big") + b"Reserved bit set unexpectedly")]
    assert server.get("/begun").status_code == 200


def test_a_client_that_stops_reading_and_closes_is_answered_as_hypercorn_does(server: Server) -> None:
    answers = []
    for path in ("/echo", "/beside"):
        with closing(Raw(server, path)) as raw:
            raw.until(b"\x81")
            pings = b"".join(frame(Opcode.PING, b"%100d" % n) for n in range(60_000))
            told = raw.answers(pings + CLOSING, reads_after_s=0.5)
            # On a loaded machine this takes so long that the server pings as well, in its own time.
            answers.append([answer for answer in told if answer[0] != Opcode.PING])
    assert answers[0] == answers[1]
    assert len(answers[0]) == 60_001


@pytest.mark.parametrize("path", ["/echo", "/beside", "/late"])
def test_what_comes_in_one_packet_with_the_handshake_is_refused_and_begins_nothing(server: Server, path: str) -> None:
    begun = server.get("/begun").text
    with closing(Raw(server, path, early=frame(Opcode.TEXT, b"early"))) as raw:
        assert raw.head.startswith(b"HTTP/1.1 400 ")
    assert server.get("/begun").text == begun


def test_the_loop_turns_while_a_client_sends_as_fast_as_it_can(server: Server) -> None:
    """Whatever way its messages take: past Hypercorn, or by it once one message has come in parts."""
    kinds = (frame(Opcode.TEXT, b"hi"), frame(Opcode.PING, b""), frame(Opcode.PONG, b""), head(0x01) + head(0x80))
    for first in (b"", head(0x01, 1) + head(0x80, 1)):
        for kind in kinds:
            with closing(Raw(server)) as raw:
                raw.socket.settimeout(0.2)
                server.get("/stalled")
                with contextlib.suppress(TimeoutError):
                    raw.socket.sendall(first + kind * (400_000 // len(kind)))
                stalled_ms = float(server.get("/stalled").text)
                assert stalled_ms < STALL_MS, (first, kind)


class Connection:
    """A transport of a real TCP connection, as far as its options go."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.limits: tuple[int, int] | None = None

    def get_extra_info(self, _: str) -> socket.socket:
        return self._connection

    def set_write_buffer_limits(self, high: int, low: int) -> None:
        self.limits = (high, low)


def test_little_may_be_on_its_way_to_a_client_and_a_dead_host_is_given_up() -> None:
    with socket.socket() as tcp:
        transport = Connection(tcp)
        bound_what_is_on_its_way(transport, 15.0)  # type: ignore[arg-type]  # as much of one as is looked at
        assert transport.limits == (WRITE_BUFFER_BYTES, WRITE_BUFFER_BYTES // 4)
        # The system doubles what it is asked for.
        assert tcp.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 2 * SEND_BUFFER_BYTES
        assert tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 15_000
        assert tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT) == UNSENT_BYTES


async def offered(scope: dict[str, Any], send: Send, causes: list[str] | None = None) -> bool:
    found: list[bool] = []
    missing: list[str] = [] if causes is None else causes

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        found.append(fast_path_of(scope) is not None)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    await HypercornFastPath(app, 5.0, missing.append)(scope, receive, send)
    return found[0]


async def test_another_server_has_no_fast_path() -> None:
    async def send(_: Message) -> None:
        return

    class Stream:
        async def send(self, _: Message) -> None:
            return

    for its_send in (send, Stream().send):
        causes: list[str] = []
        assert not await offered({"type": "websocket", "http_version": "1.1"}, its_send, causes)
        (cause,) = causes
        assert cause.startswith("Hypercorn ")
        assert "sockets use ASGI" in cause


class Anything:
    """Whatever part of Hypercorn is asked for, and a transport that is open or closed."""

    is_closed = False

    def __getattr__(self, name: str) -> Any:
        return self

    def __call__(self, *_: Any, **__: Any) -> Any:
        return self

    def is_closing(self) -> bool:
        return self.is_closed

    async def app_send(self, _: Message) -> None:
        return


async def test_nor_have_the_streams_of_http_2_which_share_a_transport() -> None:
    stream = Anything()
    assert await offered({"type": "websocket", "http_version": "1.1"}, stream.app_send)
    assert not await offered({"type": "websocket", "http_version": "2"}, stream.app_send)


async def test_a_client_that_is_gone_before_its_handshake_is_answered_is_no_error() -> None:
    begun: list[bool] = []

    class Closed(Anything):
        is_closed = True

        def set_write_buffer_limits(self, **_: int) -> None:
            raise RuntimeError("unable to perform operation; the handler is closed")

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        fast_path_of(scope)
        begun.append(True)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    scope = {"type": "websocket", "http_version": "1.1"}
    await HypercornFastPath(app, 5.0)(scope, receive, Closed().app_send)
    assert begun == []
