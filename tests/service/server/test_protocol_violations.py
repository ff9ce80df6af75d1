"""A client that breaks the WebSocket protocol is told what it did wrong, and that is a line of the log."""

import re
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from websockets.frames import Frame, Opcode

from tests.kit.clients.handshake import handshake
from tests.kit.service_kit import FAKES
from tests.kit.serving import EARSHOT, Server, eventually, serving

SOCKETS = ("/realtime/conversation", "/realtime/dashboard/relay?session_id=s1")
PATIENCE_S = 20.0


@pytest.fixture(scope="module")
def here() -> Iterator[Server]:
    """A server that lets everybody on this machine in."""
    with serving(EARSHOT, **FAKES) as server:
        yield server


def frame(opcode: int, data: bytes, *, fin: bool = True, masked: bool = True, rsv1: bool = False) -> bytes:
    size = bytes([len(data)]) if len(data) < 126 else b"\x7e" + len(data).to_bytes(2, "big")
    first = bytes([opcode | (fin << 7) | (rsv1 << 6)])
    # A mask of zeros leaves the data as it is.
    return first + bytes([size[0] | (masked << 7)]) + size[1:] + (b"\0\0\0\0" if masked else b"") + data


def told(server: Server, path: str, sent: bytes) -> tuple[int, str]:
    """The code and the reason with which the server closes the socket of a client that sends this.

    Raises:
        AssertionError: the connection ends without a close frame.
    """
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=PATIENCE_S) as connection:
        connection.sendall(handshake(f"/api/v1{path}"))
        said = b""
        while b"\r\n\r\n" not in said:
            said += connection.recv(65_536)
        connection.sendall(sent)
        # Whatever comes before is ASCII.
        while len(close := said.rpartition(b"\x88")[2]) < 1 or b"\x88" not in said or len(close) <= close[0]:
            more = connection.recv(65_536)
            assert more, "the connection has ended without a close frame"
            said += more
    return int.from_bytes(close[1:3], "big"), close[3 : 1 + close[0]].decode()


@pytest.mark.parametrize(
    ("sent", "code", "reason"),
    [
        pytest.param(frame(1, b"\xff"), 1007, "utf-8", id="no UTF-8"),
        pytest.param(frame(1, b"\xed\xa0\x80"), 1007, "utf-8", id="half a character"),
        pytest.param(frame(1, b"\xf0\x9f", fin=False) + frame(0, b"x"), 1007, "utf-8", id="no UTF-8 in fragments"),
        pytest.param(frame(0, b"x"), 1002, "CONTINUATION", id="the continuation of nothing"),
        pytest.param(frame(1, b"a", fin=False) + frame(1, b"b"), 1002, "CONTINUATION", id="a message in a message"),
        pytest.param(frame(3, b"x"), 1002, "opcode", id="a frame of no kind"),
        pytest.param(frame(9, b"x" * 126), 1002, "125", id="a ping that is too long"),
        pytest.param(frame(9, b"", fin=False), 1002, "fragment", id="part of a ping"),
        pytest.param(frame(1, b"x", rsv1=True), 1002, "Reserved", id="a bit that is reserved"),
        pytest.param(frame(1, b"x", masked=False), 1002, "unmasked", id="no mask"),
        pytest.param(frame(8, b"x"), 1002, "CLOSE", id="half a close code"),
        pytest.param(frame(8, (1006).to_bytes(2, "big")), 1002, "CLOSE", id="a close code that is never sent"),
        pytest.param(
            frame(8, (1000).to_bytes(2, "big") + b"\xff"), 1007, "utf-8", id="a close reason that is no UTF-8"
        ),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", 1002, "opcode", id="HTTP"),
    ],
)
@pytest.mark.parametrize("path", SOCKETS)
def test_a_client_that_breaks_the_protocol_is_told_how(
    here: Server, path: str, sent: bytes, code: int, reason: str
) -> None:
    before = len(here.log())
    found = told(here, path, sent)
    assert found[0] == code
    assert reason in found[1]
    line = f"a WebSocket is closed: its client breaks the protocol, code {code}"
    eventually(lambda: here.log()[before:].count(line) == 1)


@pytest.mark.parametrize("path", SOCKETS)
def test_that_a_message_is_too_big_says_how_big_it_may_be(here: Server, path: str) -> None:
    before = len(here.log())
    code, reason = told(here, path, Frame(Opcode.TEXT, b"x" * 1_100_000).serialize(mask=True))
    assert code == 1009
    assert re.fullmatch("at most [0-9]{6,7} bytes in a message", reason)
    eventually(lambda: here.log()[before:].count("its client sends a message of more than") == 1)


@pytest.mark.parametrize("code", [1000, 1001, 3000, 4999])
def test_a_client_that_closes_is_answered_as_it_closed_and_no_line_of_the_log(here: Server, code: int) -> None:
    before = len(here.log())
    assert told(here, SOCKETS[1], frame(8, code.to_bytes(2, "big"))) == (code, "")
    assert "breaks the protocol" not in here.log()[before:]
