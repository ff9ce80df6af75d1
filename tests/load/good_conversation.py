"""A conversation that keeps to the rules, and what it suffers: how late its pongs and its audio come at worst."""

import select
import socket
import time
from urllib.parse import urlsplit

import msgspec

from tests.kit.clients.handshake import handshake
from tests.load.script import FRAME_MS, caller_silence
from tests.load.wires import BINARY, CLOSE, PING, PONG, TEXT, Frames, masked

PING_EVERY_FRAMES = 2
SESSION = "good"
SILENCE = masked(BINARY, caller_silence())
JSON_PING = masked(TEXT, b'{"type":"ping"}')
GO_ON = masked(TEXT, b'{"type":"text","text":"go on"}')


class Suffered(msgspec.Struct, frozen=True):
    """In ms: the longest wait for a pong, and between two messages of audio of one reply."""

    pong_ms: float
    gap_ms: float
    pongs: int
    frames: int


class GoodConversation:
    """One browser: it is silent, listens, asks the agent to go on when a reply is over, and pings."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(handshake(f"/api/v1/realtime/conversation?session_id={SESSION}", parts.netloc))
        head = b""
        while b"\r\n\r\n" not in head:
            head += self._socket.recv(1 << 12)
        self._frames = Frames()
        self._pings: list[float] = []
        self._audio_at: float | None = None
        self._pong_ms = self._gap_ms = 0.0
        self._pongs = self._audio = 0
        self._read(head.partition(b"\r\n\r\n")[2])

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def listen(self, seconds: float) -> Suffered:
        """Go on for so long, and tell how it was.

        Raises:
            ConnectionError: the server closed it.
        """
        self._pong_ms = self._gap_ms = 0.0
        self._pongs = self._audio = 0
        began = due = time.perf_counter()
        frame = 0
        while (now := time.perf_counter()) < began + seconds:
            if now >= due:
                self._socket.sendall(SILENCE)
                if frame % PING_EVERY_FRAMES == 0:
                    self._pings.append(time.perf_counter())
                    self._socket.sendall(JSON_PING)
                frame += 1
                due = began + frame * FRAME_MS / 1000
            if select.select([self._socket], [], [], max(0.0, due - time.perf_counter()))[0]:
                received = self._socket.recv(1 << 16)
                if not received:
                    raise ConnectionError("the good conversation was cut off")
                self._read(received)
        # What has not come yet is late as well.
        now = time.perf_counter()
        if self._pings:
            self._pong_ms = max(self._pong_ms, (now - self._pings[0]) * 1000)
        return Suffered(self._pong_ms, self._gap_ms, self._pongs, self._audio)

    def _read(self, received: bytes) -> None:
        now = time.perf_counter()
        for opcode, payload in self._frames.push(received):
            if opcode == CLOSE:
                raise ConnectionError(f"the good conversation was closed: {payload[2:].decode()}")
            if opcode == PING:
                self._socket.sendall(masked(PONG, payload))
            elif payload.startswith(b'{"type":"pong"') and self._pings:
                self._pongs += 1
                self._pong_ms = max(self._pong_ms, (now - self._pings.pop(0)) * 1000)
            elif payload.startswith(b'{"type":"audio_data"'):
                self._hear(now, last=payload.endswith(b'"is_final":true}'))

    def _hear(self, now: float, *, last: bool) -> None:
        self._audio += 1
        if self._audio_at is not None:
            self._gap_ms = max(self._gap_ms, (now - self._audio_at) * 1000)
        self._audio_at = None if last else now
        if last:
            self._socket.sendall(GO_ON)
