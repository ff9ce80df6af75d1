"""The product's own sockets, and clients that mean it harm: what these are told, and that nothing of them is kept."""

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Opcode

from app.telephony.acs.media_socket import LOOK_S
from tests.kit.clients.handshake import handshake
from tests.kit.service_kit import FAKES
from tests.kit.serving import EARSHOT, Server, eventually, serving
from tests.service.server.test_hypercorn_fast_path import Raw, frame

WITHOUT_LIMITS = {**FAKES, "CLIENT_CONNECTIONS_PER_MINUTE": "0", "CLIENT_TEXTS_PER_MINUTE": "0"}
CONVERSATION, RELAY = "/api/v1/realtime/conversation", "/api/v1/realtime/dashboard/relay"
MEDIA = "/api/v1/media/stream"
UNDER_ATTACK = {**WITHOUT_LIMITS, "ENABLE_AUTH_VALIDATION": "off", "WEBSOCKET_PING_INTERVAL_S": "1"}
"""The variables of the server that most of these clients meet."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(EARSHOT, **UNDER_ATTACK) as server:
        yield server


def opened(server: Server, path: str) -> connect:
    return connect(server.url.replace("http", "ws", 1) + path, proxy=None, close_timeout=1)


def sessions(server: Server) -> list[Any]:
    live: list[Any] = server.get("/api/v1/health/actors").json()["sessions"]
    return live


@pytest.mark.parametrize(
    "path", [f"{CONVERSATION}?session_id=early", f"{RELAY}?session_id=early", f"{MEDIA}?call_connection_id=early"]
)
def test_a_message_in_one_packet_with_the_handshake_begins_nothing(server: Server, path: str) -> None:
    # Calls that tests before this one have begun may end meanwhile.
    before = server.get("/api/v1/media/status").json()["calls"]
    with closing(Raw(server, path, early=frame(Opcode.TEXT, b"early"))) as raw:
        assert raw.head.startswith(b"HTTP/1.1 400 ")
        assert "early" not in [session["session_id"] for session in sessions(server)]
        assert server.get("/api/v1/media/status").json()["calls"] <= before


ODD_HANDSHAKES = (
    b"Sec-WebSocket-Protocol: \xff\xfe",
    b"Sec-WebSocket-Extensions: \xff",
    b"Connection: \xff",
    b"Sec-WebSocket-Protocol: earshot.console, bearer.\xe9",
)


def test_a_handshake_that_the_server_fails_at_is_one_line_and_no_more() -> None:
    with serving(EARSHOT, **WITHOUT_LIMITS) as server:
        address = server.url.removeprefix("http://").split(":")
        for header in ODD_HANDSHAKES * 5:
            with socket.create_connection((address[0], int(address[1])), timeout=30) as connection:
                connection.sendall(handshake(CONVERSATION).removesuffix(b"\r\n") + header + b"\r\n\r\n")
                with suppress(ConnectionError):
                    assert b" 101 " not in connection.recv(4_096)
        assert server.get("/api/v1/health/live").status_code == 200
        lines = [line for line in server.log().splitlines() if "a connection is dropped" in line]
        assert len(lines) == 1
        assert "UnicodeDecodeError" in lines[0]
        assert "Traceback" not in server.log()


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
        async with asyncio.timeout(60):
            await asyncio.gather(flood(socket, message), read_all(socket))
        assert (socket.close_code, socket.close_reason) == (
            1008,
            "more messages than this server takes from one connection",
        )
    eventually(lambda: dashboards(server) == 0)


def test_a_client_that_goes_on_sending_can_read_why_it_was_closed(server: Server) -> None:
    flood = frame(Opcode.TEXT, b'{"type":"ping"}') * 2_000
    with closing(Raw(server, f"{CONVERSATION}?session_id=slow")) as raw:
        for _ in range(5):
            raw.socket.sendall(flood)
        # The server ends its side at once, and what it had to say comes first.
        assert (1008).to_bytes(2, "big") + b"more messages than" in raw.until(b"takes from one connection")
        assert raw.socket.recv(4_096) == b""
        # A connection that was reset would say so at the second try.
        for _ in range(3):
            raw.socket.sendall(flood)


async def test_a_call_that_delivers_much_at_once_is_heard_and_not_closed(server: Server) -> None:
    async with opened(server, f"{MEDIA}?call_connection_id=burst") as socket:
        silence = json.dumps({"kind": "AudioData", "audioData": {"data": "AAAA" * 213 + "AA==", "silent": False}})
        for _ in range(5_000):
            await socket.send(silence)
        assert await socket.ping()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.wait_closed(), 0.5)


WRONG = ('{"type":"playout_mark","turn":1,"audio_ms":1,"state":"' + "x" * 60_000 + '"}').encode()


def test_an_error_repeats_no_more_than_the_beginning_of_what_was_wrong(server: Server) -> None:
    with closing(Raw(server, CONVERSATION)) as raw:
        raw.socket.sendall(frame(Opcode.TEXT, WRONG))
        raw.until(b'"error_message":')
        told = raw.until(b"}")
        assert b"xxx" in told
        assert len(told) < 400


def rss_mb(server: Server) -> float:
    """Of the launcher and its worker."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    status = [Path(f"/proc/{pid}/status").read_text() for pid in (server.process.pid, *children)]
    return sum(int(text.split("VmRSS:")[1].split()[0]) for text in status) / 1024


@pytest.mark.parametrize(
    "sent",
    [frame(Opcode.TEXT, WRONG), frame(Opcode.TEXT, b'{"type":"ping"}'), frame(Opcode.PING, b"p" * 125)],
    ids=["errors", "pongs in words", "pongs"],
)
def test_a_client_that_reads_none_of_its_answers_is_closed_and_costs_little(sent: bytes) -> None:
    # A server of its own: the sessions of clients that were closed before are kept for a while, and to one that was
    # told "hi" two thousand times ten minutes of audio are still made as an answer, which are 29 MB.
    with serving(EARSHOT, **UNDER_ATTACK) as server, ExitStack() as connections:
        before_mb = rss_mb(server)
        raw = connections.enter_context(closing(Raw(server, f"{CONVERSATION}?session_id=deaf", receives_bytes=4_096)))
        raw.socket.settimeout(10)
        ends_s, most_mb = time.monotonic() + 60, 0.0
        with suppress(ConnectionError):
            while time.monotonic() < ends_s:
                raw.socket.sendall(sent * 8)
                most_mb = max(most_mb, rss_mb(server) - before_mb)
            raise AssertionError("it was not closed")
        assert most_mb < 20


AUDIO_BYTES_PER_S = 24_000 * 2
"""Of what the client below is sent, at the rate that it asks for, as binary frames."""
LONG = ("word " * 300).strip()


def asking_for_long(server: Server, session_id: str) -> Raw:
    """A client without marks, whose system holds next to nothing, and whose agent talks for a minute."""
    query = f"session_id={session_id}&encoding=binary&sample_rate=24000"
    raw = Raw(server, f"{CONVERSATION}?{query}", receives_bytes=4_096)
    raw.socket.settimeout(30)
    raw.socket.sendall(frame(Opcode.TEXT, json.dumps({"type": "text", "text": LONG}).encode()))
    raw.until(b"You said")
    return raw


def read_for(raw: Raw, seconds: float, share: float) -> None:
    """Read that share of what is sent, for so long."""
    ends_s = time.monotonic() + seconds
    with suppress(TimeoutError):
        while time.monotonic() < ends_s and raw.socket.recv(max(1, int(AUDIO_BYTES_PER_S * share / 50))):
            time.sleep(0.02)


@pytest.mark.parametrize(("share", "after_s"), [(0.9, 1.2), (0.5, 1.2), (0.2, 0.4)])
def test_who_interrupts_on_a_slow_line_is_obeyed_behind_little_audio(
    server: Server, share: float, after_s: float
) -> None:
    """V14. Counted in bytes: how long they take is the line's."""
    with closing(asking_for_long(server, f"slow-{share}")) as raw:
        read_for(raw, after_s, share)
        raw.socket.sendall(frame(Opcode.TEXT, b'{"type":"interrupt"}'))
        said = raw.until(b"tts_cancelled")
        assert said.endswith(b"tts_cancelled")
        assert len(said) < 140_000


def test_a_client_that_falls_a_second_behind_is_closed(server: Server) -> None:
    with closing(asking_for_long(server, "behind")) as raw:
        read_for(raw, 3.0, 0.1)
        # On a line that is so slow the reason does not arrive in the second that it is given.
        with suppress(ConnectionError):
            while raw.socket.recv(4_096):
                pass


def test_a_call_that_is_not_read_is_closed_and_its_session_is_not_kept(server: Server) -> None:
    """The media socket too: the network is a client like others."""
    with closing(Raw(server, f"{MEDIA}?call_connection_id=deaf", receives_bytes=4_096)) as raw:
        raw.socket.settimeout(30)
        ends_s = time.monotonic() + 60
        silence = json.dumps({"kind": "DtmfData", "dtmfData": {"data": "1"}}).encode()
        with suppress(ConnectionError):
            while time.monotonic() < ends_s:
                raw.socket.sendall(frame(Opcode.TEXT, silence) + frame(Opcode.PING, b"p" * 125) * 50)
                time.sleep(0.005)
            raise AssertionError("it was not closed")


def connected(server: Server, session_id: str) -> bool:
    """Whether a session has its connection, or a dashboard is open."""
    if session_id == "frozen-relay":
        return dashboards(server) == 1
    found = [each for each in sessions(server) if each["session_id"] == session_id]
    return bool(found) and found[0]["state"] == "connected"


@pytest.mark.parametrize(
    ("path", "session_id"),
    [
        (f"{RELAY}?session_id=frozen-relay", "frozen-relay"),
        (f"{CONVERSATION}?session_id=frozen-page", "frozen-page"),
        (f"{MEDIA}?call_connection_id=frozen&session_id=frozen-call", "frozen-call"),
    ],
)
async def test_a_client_that_is_gone_without_a_word_is_noticed_by_its_silence(
    server: Server, path: str, session_id: str
) -> None:
    """V21. With pings every second within seconds, with those of the default within twenty."""
    async with opened(server, path) as socket:
        if "call" in session_id:
            await socket.send(json.dumps({"kind": "AudioData", "audioData": {"data": "AAAA" * 213 + "AA=="}}))
        eventually(lambda: connected(server, session_id))
        # It has answered a ping of the server's by then: of one that never does silence says nothing.
        await asyncio.sleep(2.5)
        # Its system goes on to acknowledge what is sent to it: as that of a process that has been stopped.
        socket.transport.pause_reading()
        began = time.monotonic()
        async with asyncio.timeout(60):
            while connected(server, session_id):  # noqa: ASYNC110  another process is asked
                await asyncio.sleep(0.1)
        assert time.monotonic() - began < 15


async def test_a_call_whose_network_is_gone_is_noticed_within_seconds_whatever_the_interval_of_pings() -> None:
    with serving(EARSHOT, ENABLE_AUTH_VALIDATION="off", WEBSOCKET_PING_INTERVAL_S="60", **WITHOUT_LIMITS) as server:
        async with opened(server, f"{MEDIA}?call_connection_id=gone&session_id=gone") as socket:
            # It sends nothing, and answers for as long as it is there.
            reading = asyncio.create_task(read_all(socket))
            await asyncio.sleep(3 * LOOK_S)
            assert connected(server, "gone")
            socket.transport.pause_reading()
            async with asyncio.timeout(8 * LOOK_S):
                while connected(server, "gone"):  # noqa: ASYNC110  another process is asked
                    await asyncio.sleep(0.1)
            assert "does not read" not in server.log()
            reading.cancel()


async def test_a_client_that_answers_pings_may_be_silent(server: Server) -> None:
    async with opened(server, f"{RELAY}?session_id=quiet") as socket:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.wait_closed(), 5)
