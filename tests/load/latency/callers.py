"""Callers on ACS's media socket who note when they stopped speaking, when they were answered, and when obeyed.

Each speaks, waits, listens for a while and interrupts, turn after turn. One task paces all of them on an
absolute schedule; how late it was is told too.
"""

import asyncio
import random
from collections import Counter
from enum import Enum, auto
from functools import partial
from time import perf_counter
from urllib.parse import urlsplit

import msgspec

from tests.kit.clients.handshake import handshake
from tests.load.latency.script import pitched
from tests.load.script import FRAME_BYTES, FRAME_MS, PROVIDERS_MS, VOICED_FRAMES
from tests.load.wires import CLOSE, PING, PONG, TEXT, AcsWire, Frames, Kind, masked

SPEECH_MS = 400
ANSWER_WAIT_S, UP_WAIT_S = 5.0, 10.0
RAMP_S = 0.03
"""Between two calls that begin."""


class Answer(msgspec.Struct, frozen=True):
    """A turn: when the caller's last voiced frame was sent, and when the first sound of the answer came."""

    caller: int
    spoken_at: float
    answered_at: float


class Heard(msgspec.Struct):
    """What callers saw."""

    answers: list[Answer] = []
    silenced_ms: list[float] = []
    """From the sending of the frame that decides an interruption to the order to stop."""
    own_late_ms: list[float] = []
    bytes_after_stop: int = 0
    failures: dict[str, int] = {}


class _At(Enum):
    WAITING = auto()
    LISTENING = auto()
    SPEAKING = auto()
    OVER = auto()


class Caller(asyncio.Protocol):
    """One caller on its socket."""

    def __init__(self, number: int, listen_s: float, heard: Heard, failures: Counter[str]) -> None:
        self._number = number
        self._listen_s = listen_s
        self._heard = heard
        self._failures = failures
        self._wire = AcsWire()
        voice = pitched(number, SPEECH_MS)
        self._voice = [
            masked(TEXT, self._wire.audio(voice[at : at + FRAME_BYTES])) for at in range(0, len(voice), FRAME_BYTES)
        ]
        self._random = random.Random(number)
        self._frames = Frames()
        self._head: bytes | None = b""
        self._at = _At.WAITING
        self._since = perf_counter()
        self._sent = 0
        self._turn = 0
        self._decided_at = self._interrupt_at = 0.0
        self._stopped = True
        self._measured = False
        self.measuring = False

    @property
    def up(self) -> bool:
        """It has been greeted, or failed."""
        return self._at is not _At.WAITING or self._turn > 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Shake hands."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        host, port = transport.get_extra_info("peername")[:2]
        transport.write(handshake(self._wire.path(self._number), f"{host}:{port}"))

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over; too early, unless we hung up."""
        self._fail("cut off")

    def hang_up(self) -> None:
        """Leave."""
        self._at = _At.OVER
        self._transport.abort()

    def _fail(self, what: str) -> None:
        if self._at is not _At.OVER:
            self._failures[what] += 1
            self.hang_up()

    def frame_due(self) -> None:
        """Send the next 20 ms."""
        now = perf_counter()
        if self._at is _At.OVER or self._head is not None:
            return
        if self._at is _At.WAITING and now - self._since > ANSWER_WAIT_S:
            self._fail("no answer")
            return
        if self._at is _At.LISTENING and now >= self._interrupt_at:
            self._at, self._sent, self._stopped = _At.SPEAKING, 0, False
        if self._at is _At.SPEAKING:
            self._speak()
        else:
            self._transport.write(self._wire.silence)

    def _speak(self) -> None:
        self._transport.write(self._voice[self._sent])
        self._sent += 1
        if self._sent == VOICED_FRAMES:
            self._decided_at = perf_counter()
        if self._sent == len(self._voice):
            self._since = perf_counter()
            self._at = _At.WAITING
            self._turn += 1
            self._measured = self.measuring

    def data_received(self, data: bytes) -> None:
        """Take what the server sent."""
        now = perf_counter()
        if self._head is not None:
            self._head += data
            head, blank, data = self._head.partition(b"\r\n\r\n")
            if not blank:
                return
            self._head = None
            if not head.startswith(b"HTTP/1.1 101"):
                self._fail(f"refused {head[9:12].decode()}")
            self._transport.write(self._wire.first)
        for opcode, payload in self._frames.push(data):
            if self._at is not _At.OVER:
                self._take(opcode, payload, now)

    def _take(self, opcode: int, payload: bytes, now: float) -> None:
        if opcode == PING:
            self._transport.write(masked(PONG, payload))
            return
        if opcode == CLOSE:
            self._fail(f"closed {int.from_bytes(payload[:2], 'big')}")
            return
        heard = self._wire.heard(opcode, payload)
        if heard.kind is Kind.AUDIO:
            self._audio(heard.audio_bytes, now)
        elif heard.kind is Kind.STOP:
            self._stop(now)

    def _audio(self, size: int, now: float) -> None:
        early = self._turn > 0 and now - self._since < PROVIDERS_MS / 2000
        if self._at is _At.WAITING and not early:
            if not self._stopped:
                self._fail("not stopped")
                return
            if self.measuring and self._measured:
                self._heard.answers.append(Answer(self._number, self._since, now))
            self._at = _At.LISTENING
            self._interrupt_at = now + self._listen_s * self._random.uniform(0.8, 1.2)
        elif self._at is not _At.LISTENING and self._stopped and self.measuring:
            self._heard.bytes_after_stop += size

    def _stop(self, now: float) -> None:
        if self._stopped:
            self._fail("stopped unasked")
            return
        if self._sent < VOICED_FRAMES:
            self._fail("stopped too early")
            return
        self._stopped = True
        if self.measuring:
            self._heard.silenced_ms.append((now - self._decided_at) * 1000)


def _same(caller: Caller) -> Caller:
    return caller


class Calls:
    """Calls that are held for some time: `async with Calls(url, count, listen_s) as calls`.

    They interrupt each answer after about `listen_s`.

    Raises:
        RuntimeError: not all were greeted.
    """

    def __init__(self, url: str, count: int, listen_s: float) -> None:
        address = urlsplit(url)
        assert address.hostname is not None
        assert address.port is not None
        self._host, self._port = address.hostname, address.port
        self._heard = Heard()
        self._failures: Counter[str] = Counter()
        self._callers = [Caller(number, listen_s, self._heard, self._failures) for number in range(count)]
        self._measuring = False

    async def __aenter__(self) -> "Calls":
        loop = asyncio.get_running_loop()
        self._pacing = asyncio.create_task(self._pace())
        for caller in self._callers:
            await loop.create_connection(partial(_same, caller), self._host, self._port)
            await asyncio.sleep(RAMP_S)
        try:
            async with asyncio.timeout(UP_WAIT_S):
                while not all(caller.up for caller in self._callers):  # noqa: ASYNC110 - callers know nobody to tell
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise RuntimeError(f"not all callers were greeted: {dict(self._failures)}") from None
        return self

    async def __aexit__(self, *failure: object) -> None:
        self._pacing.cancel()
        for caller in self._callers:
            caller.hang_up()
        await asyncio.sleep(0)

    async def measure(self, seconds: float) -> Heard:
        """What is seen from now on."""
        self._measure(True)
        await asyncio.sleep(seconds)
        self._measure(False)
        self._heard.failures = dict(self._failures)
        return self._heard

    def _measure(self, on: bool) -> None:
        self._measuring = on
        for caller in self._callers:
            caller.measuring = on

    async def _pace(self) -> None:
        step_s = FRAME_MS / 1000 / len(self._callers)
        began, slot = perf_counter(), 0
        while True:
            due = began + slot * step_s
            if (left_s := due - perf_counter()) > 0:
                await asyncio.sleep(left_s)
            self._callers[slot % len(self._callers)].frame_due()
            if self._measuring:
                self._heard.own_late_ms.append((perf_counter() - due) * 1000)
            slot += 1
