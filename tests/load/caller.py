"""Scripted callers in a process of their own: each speaks, waits, is answered, and interrupts, turn after turn.

`python -m tests.load.caller URL --calls 10` prints `measuring` when all calls are up and warm, `measured` when that is
over, and then one line of JSON, a `Measured`. One thread, one epoll, one absolute schedule: calls are spread over the
20 ms of a frame, a frame that is sent late does not move the next, and how late they were sent is told too.
"""

import argparse
import gc
import os
import random
import select
import socket
import sys
from collections import Counter
from enum import Enum, auto
from time import perf_counter
from urllib.parse import urlsplit

import msgspec

from tests.kit.clients.handshake import handshake
from tests.load.script import FRAME_MS, PROVIDERS_MS, VOICED_FRAMES
from tests.load.wires import CLOSE, PING, PONG, WIRES, Frames, Kind, Wire, masked, wire_of

FRAME_S = FRAME_MS / 1000
SPEECH_FRAMES = 20
LISTEN_S = (0.8, 1.2)
"""How long a caller listens before it interrupts."""
HEARD_OUT_EVERY = 6
"""Every so often a reply is heard to its end."""
QUIET_S = 0.3
STOP_WAIT_S, REPLY_WAIT_S, UP_WAIT_S = 1.0, 5.0, 10.0


class Measured(msgspec.Struct):
    """What the callers saw, all in ms; each list holds one number per event while it was measured."""

    calls: int
    seconds: float = 0.0
    barge_in_ms: list[float] = []
    """From the first voiced frame, the onset, to the order to stop."""
    decision_to_silence_ms: list[float] = []
    """From the frame that decides, as it is sent, to the order to stop: the network and the detector are in it."""
    pause_ms: list[float] = []
    """From the onset to the last frame of audio."""
    first_audio_ms: list[float] = []
    """From the last voiced frame to the first audio, less what the providers took."""
    late_ms: list[float] = []
    """Each paced frame against the best of its reply."""
    own_late_ms: list[float] = []
    """How late the callers themselves sent their frames."""
    greeting_ms: list[float] = []
    """From the handshake's request to the first audio of the greeting."""
    frames: int = 0
    bytes_after_stop: int = 0
    ran_dry: int = 0
    """Frames that came after all audio before them had been heard."""
    failures: dict[str, int] = {}
    cpu_s: float = 0.0
    """What the callers' own process took, for judging it."""


class _At(Enum):
    HANDSHAKE = auto()
    WAITING = auto()
    LISTENING = auto()
    SPEAKING = auto()
    OVER = auto()


class Call:
    """One caller on its socket."""

    def __init__(self, number: int, wire: Wire, measured: Measured, failures: Counter[str]) -> None:
        self._number = number
        self._wire = wire
        self._measured = measured
        self._failures = failures
        self._random = random.Random(number)
        self._frames = Frames()
        self._head = b""
        self._at = _At.HANDSHAKE
        self._turn = 0
        self._since = float("inf")
        self._onset = self._decision = self._speech_ended = 0.0
        self._voiced = 0
        self._stopped = False
        self._interrupt_at = 0.0
        self._last_audio = 0.0
        self._arrived: list[tuple[float, float]] = []
        self._audio_ms = 0.0
        self.measuring = False
        self.socket = socket.socket()

    @property
    def up(self) -> bool:
        """It has been greeted."""
        return self._at not in (_At.HANDSHAKE, _At.OVER) and self._audio_ms + self._turn > 0

    @property
    def over(self) -> bool:
        """It has failed, or was hung up."""
        return self._at is _At.OVER

    def connect(self, host: str, port: int, now: float) -> None:
        """Begin the handshake."""
        self._since = now
        self.socket.connect((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.socket.send(handshake(self._wire.path(self._number), f"{host}:{port}", *self._wire.headers))

    def close(self) -> None:
        """Hang up."""
        if self._at is not _At.OVER:
            self._at = _At.OVER
            self.socket.close()

    def fail(self, what: str) -> None:
        """The call did not go as it has to."""
        if self._at is not _At.OVER:
            self._failures[what] += 1
            self.close()

    # the caller's side

    def frame_due(self, now: float) -> None:
        """Send the next 20 ms."""
        match self._at:
            case _At.HANDSHAKE:
                if now - self._since > UP_WAIT_S:
                    self.fail("no handshake")
                return
            case _At.OVER:
                return
            case _At.LISTENING:
                if self._wants_to_speak(now):
                    self._begin_to_speak(now)
            case _At.WAITING:
                if now - self._since > REPLY_WAIT_S:
                    self.fail("no reply")
                    return
            case _At.SPEAKING:
                pass
        if self._at is _At.SPEAKING:
            self._speak(now)
        else:
            self._send(self._wire.silence)
        if self._onset and not self._stopped and now - self._onset > STOP_WAIT_S:
            self.fail("not stopped")

    def _wants_to_speak(self, now: float) -> bool:
        if self._turn % HEARD_OUT_EVERY == HEARD_OUT_EVERY - 1:
            return now - self._last_audio > QUIET_S
        return now >= self._interrupt_at

    def _begin_to_speak(self, now: float) -> None:
        self._judge_reply()
        self._at = _At.SPEAKING
        self._voiced = 0
        # After a reply that was heard to its end there is nothing to stop.
        self._stopped = now - self._last_audio > QUIET_S
        self._onset = 0.0 if self._stopped else now

    def _speak(self, now: float) -> None:
        self._send(self._wire.voice[self._voiced])
        self._voiced += 1
        if self._voiced == VOICED_FRAMES:
            self._decision = perf_counter()
        if self._voiced == SPEECH_FRAMES:
            self._speech_ended = self._since = perf_counter()
            self._at = _At.WAITING
            self._turn += 1

    def _send(self, frame: bytes) -> None:
        try:
            if self.socket.send(frame) != len(frame):
                self.fail("not read")
        except BlockingIOError:
            self.fail("not read")
        except OSError:
            self.fail("cut off")

    # the server's side

    def readable(self, now: float) -> None:
        """Take what the server sent."""
        try:
            received = self.socket.recv(65_536)
        except OSError:
            received = b""
        if not received:
            self.fail("cut off")
            return
        if self._at is _At.HANDSHAKE:
            received = self._shake_hands(received)
        for opcode, payload in self._frames.push(received):
            if self._at is _At.OVER:
                return
            if opcode == PING:
                self._send(masked(PONG, payload))
            elif opcode == CLOSE:
                self.fail(f"closed {int.from_bytes(payload[:2], 'big')}")
            else:
                self._heard(opcode, payload, now)

    def _shake_hands(self, received: bytes) -> bytes:
        self._head += received
        head, blank, rest = self._head.partition(b"\r\n\r\n")
        if not blank:
            return b""
        if not head.startswith(b"HTTP/1.1 101"):
            self.fail(f"refused {head[9:12].decode()}")
        elif b"permessage-deflate" in head:
            self.fail("compressed")
        else:
            self._at = _At.WAITING
            if self._wire.first:
                self._send(self._wire.first)
        return rest

    def _heard(self, opcode: int, payload: bytes, now: float) -> None:
        heard = self._wire.heard(opcode, payload)
        if heard.kind is Kind.AUDIO:
            self._audio(heard.audio_bytes, now)
        elif heard.kind is Kind.STOP:
            self._stop(now)

    def _audio(self, size: int, now: float) -> None:
        duration_ms = size / self._wire.bytes_per_ms
        answerable = self._at is _At.WAITING and (not self._turn or now - self._speech_ended > PROVIDERS_MS / 2000)
        if answerable:
            self._reply_begins(now)
        elif self._at is not _At.LISTENING and self._stopped:
            self._measured.bytes_after_stop += size if self.measuring else 0
            return
        self._last_audio = now
        self._arrived.append((now, self._audio_ms))
        self._audio_ms += duration_ms

    def _reply_begins(self, now: float) -> None:
        if self.measuring and self._turn:
            self._measured.first_audio_ms.append((now - self._speech_ended) * 1000 - PROVIDERS_MS)
        elif not self._turn:
            self._measured.greeting_ms.append((now - self._since) * 1000)
        if self._onset and not self._stopped:
            self.fail("not stopped")
            return
        self._at = _At.LISTENING
        self._interrupt_at = now + self._random.uniform(*LISTEN_S)
        self._arrived.clear()
        self._audio_ms = 0.0
        self._onset = 0.0

    def _stop(self, now: float) -> None:
        if self._at in (_At.LISTENING, _At.HANDSHAKE) or self._stopped or not self._onset:
            self.fail("stopped unasked")
            return
        if self._voiced < VOICED_FRAMES:
            self.fail("stopped too early")
            return
        self._stopped = True
        if self.measuring:
            self._measured.barge_in_ms.append((now - self._onset) * 1000)
            self._measured.decision_to_silence_ms.append((now - self._decision) * 1000)
            self._measured.pause_ms.append(max(0.0, (self._last_audio - self._onset) * 1000))

    def _judge_reply(self) -> None:
        """How late the paced frames of the reply came, against the best of them; the lead before them is a burst."""
        arrived, self._arrived = self._arrived, []
        if not self.measuring or not arrived:
            return
        began = arrived[0][0]
        paced = [(at - began) * 1000 - ms for at, ms in arrived if ms >= self._wire.lead_ms]
        if paced:
            best = min(paced)
            self._measured.late_ms += [ms - best for ms in paced]
            self._measured.ran_dry += sum(ms > 0 for ms in paced)
        self._measured.frames += len(arrived)


class Callers:
    """All calls of this process."""

    def __init__(self, url: str, count: int, wire: Wire, first: int = 0) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._address = (parts.hostname, parts.port)
        self.measured = Measured(count)
        self._failures: Counter[str] = Counter()
        self._calls = [Call(first + n, wire, self.measured, self._failures) for n in range(count)]
        self._epoll = select.epoll()
        self._by_descriptor: dict[int, Call] = {}

    def run(self, ramp_s: float, warm_s: float, seconds: float) -> Measured:
        """Connect, wait until all are greeted and warm, measure, hang up."""
        count = len(self._calls)
        began = self._began = perf_counter() + 0.05
        self._slot = 0
        self._connected = 0
        self._ramp_s = ramp_s
        until = began + ramp_s + UP_WAIT_S
        while not (self._connected == count and all(call.up or call.over for call in self._calls)):
            self._run_until(min(perf_counter() + 0.1, until))
            if perf_counter() >= until:
                for call in self._calls:
                    if not call.up:
                        call.fail("not greeted")
        self._run_until(perf_counter() + warm_s)
        print("measuring", flush=True)
        cpu_s, measured_from = _cpu_s(), perf_counter()
        self._measure(True)
        self._run_until(measured_from + seconds)
        self._measure(False)
        self.measured.cpu_s = _cpu_s() - cpu_s
        self.measured.seconds = perf_counter() - measured_from
        print("measured", flush=True)
        # The server is looked at while the calls are still up.
        self._run_until(perf_counter() + 0.5)
        for call in self._calls:
            call.close()
        self.measured.failures = dict(self._failures)
        return self.measured

    def _measure(self, on: bool) -> None:
        self._measuring = on
        for call in self._calls:
            call.measuring = on

    _measuring = False

    def _run_until(self, end: float) -> None:
        """Frames when they are due, and what comes in between."""
        calls, epoll, by_descriptor = self._calls, self._epoll, self._by_descriptor
        step_s = FRAME_S / len(calls)
        own_late_ms = self.measured.own_late_ms
        while (now := perf_counter()) < end:
            due = self._began + self._slot * step_s
            while due <= now:
                call = calls[self._slot % len(calls)]
                call.frame_due(now)
                if self._measuring:
                    own_late_ms.append((now - due) * 1000)
                self._slot += 1
                due = self._began + self._slot * step_s
                now = perf_counter()
            if self._connected < len(calls) and now >= self._began + self._ramp_s * self._connected / len(calls):
                self._connect_next(now)
            # select counts in microseconds, epoll in milliseconds.
            select.select([epoll], [], [], max(0.0, min(due, end) - now))
            for descriptor, _ in epoll.poll(0):
                call = by_descriptor[descriptor]
                call.readable(perf_counter())
                if call.over:
                    del by_descriptor[descriptor]

    def _connect_next(self, now: float) -> None:
        call = self._calls[self._connected]
        self._connected += 1
        call.connect(*self._address, now)
        self._epoll.register(call.socket, select.EPOLLIN)
        self._by_descriptor[call.socket.fileno()] = call


def _cpu_s() -> float:
    times = os.times()
    return times.user + times.system


def main(arguments: list[str]) -> None:
    """Hold the calls."""
    parser = argparse.ArgumentParser(prog="python -m tests.load.caller")
    parser.add_argument("url")
    parser.add_argument("--calls", type=int, default=10)
    parser.add_argument("--first", type=int, default=0, help="the number of the first call")
    parser.add_argument("--wire", choices=tuple(WIRES), default="acs")
    parser.add_argument("--ramp", type=float, default=1.0, help="seconds over which the calls are begun")
    parser.add_argument("--warm", type=float, default=3.0, help="seconds before anything is measured")
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args(arguments)
    callers = Callers(options.url, options.calls, wire_of(options.wire), options.first)
    gc.freeze()
    gc.disable()
    measured = callers.run(options.ramp, options.warm, options.seconds)
    print(msgspec.json.encode(measured).decode(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
