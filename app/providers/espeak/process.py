"""The synthesis process: text in on standard input, audio and word times out on standard output. Ends with its input.

A process of its own because espeak-ng is GPL-3 and because it is one engine with one global state. Streams take turns,
a segment of text at a time; the one with the least audio ahead of its listener goes first, so that a new reply waits
for one segment of another at most.
"""

import os
import signal
import sys
import threading
import time
from collections import deque
from typing import assert_never

from app.providers.espeak.engine import EspeakEngine, WordStart
from app.providers.espeak.replies import AHEAD_MAX_MS, DEFAULT_TUNING, Reply, Speaking, Stream
from app.providers.espeak.sound import Sound
from app.providers.espeak.wire import (
    AreYouThere,
    CancelReply,
    CloseStream,
    EngineReady,
    FinishReply,
    HereIAm,
    OpenStream,
    Order,
    Told,
    WriteText,
    orders,
)
from app.providers.pipe_frames import Unpacked, packed

READ_BYTES = 1 << 16
SEGMENT_CPU_S = 5.0
"""A segment takes some 15 ms. An engine that is still at it after so much processor time is caught in a loop: the
process is ended by the kernel, and the server starts another."""


def now_ms() -> float:
    """Milliseconds on a monotonic scale."""
    return time.monotonic() * 1000


class Orders:
    """Orders from the pipe, read by a thread of their own so that a cancellation is known while the engine works."""

    def __init__(self, source: int) -> None:
        self._source = source
        self._arrived = threading.Condition()
        self._queue: deque[Order] = deque()
        self._cancelled: set[tuple[int, int | None]] = set()
        self._ended = False
        threading.Thread(target=self._read, daemon=True).start()

    def take(self, timeout_s: float | None) -> list[Order] | None:
        """All orders that arrived, waiting `timeout_s` (None: for ever) if there are none; None at the end of input."""
        with self._arrived:
            if not self._queue and not self._ended:
                self._arrived.wait(timeout_s)
            if self._ended:
                return None
            taken = list(self._queue)
            self._queue.clear()
            self._cancelled.clear()
            return taken

    def wants(self, reply: Reply) -> bool:
        """False when an order has arrived that ends `reply`, or all."""
        ended = {(reply.stream, reply.number), (reply.stream, None)} & self._cancelled
        return not ended and not self._ended

    def _read(self) -> None:
        unpacked = Unpacked(orders)
        while piece := os.read(self._source, READ_BYTES):
            arrived = unpacked.take(piece)
            with self._arrived:
                self._queue.extend(arrived)
                self._cancelled.update(_ends(arrived))
                self._arrived.notify()
        with self._arrived:
            self._ended = True
            self._arrived.notify()


class SynthesisServer:
    """Serves all synthesis streams of this process from one loop."""

    def __init__(self, engine: EspeakEngine, orders: Orders, sink: int) -> None:
        self._engine = engine
        self._orders = orders
        self._sink = sink
        self._streams: dict[int, Stream] = {}
        self._sounds: dict[int, Sound] = {}

    def run(self) -> None:
        """Read requests from the pipe and answer them until the pipe is closed."""
        self.tell(EngineReady(0))
        while (arrived := self._orders.take(self._wait_s())) is not None:
            for order in arrived:
                self._obey(order)
            stream = self._due()
            if stream is not None:
                self._speak(stream)

    def tell(self, message: Told) -> None:
        """Write to the server; waits while the server does not read."""
        frame = memoryview(packed(message))
        while frame:
            frame = frame[os.write(self._sink, frame) :]

    def _obey(self, order: Order) -> None:
        if isinstance(order, AreYouThere):
            self.tell(HereIAm(0))
            return
        if isinstance(order, OpenStream):
            self._streams[order.stream] = Stream(order)
            return
        stream = self._streams.get(order.stream)
        if stream is None:
            return
        match order:
            case WriteText(_, reply, text):
                stream.write(reply, text)
            case FinishReply(_, reply):
                stream.finish(reply)
            case CancelReply(_, reply):
                stream.cancel(reply)
            case CloseStream():
                del self._streams[order.stream]
            case _:
                assert_never(order)
        stream.settle(self.tell)

    def _working(self) -> list[tuple[float, Stream]]:
        """Streams with something to synthesise, and how far ahead they are."""
        at_ms = now_ms()
        fronts = ((stream, stream.front) for stream in self._streams.values())
        return [(front.ahead_ms(at_ms), stream) for stream, front in fronts if front is not None and front.has_work]

    def _due(self) -> Stream | None:
        ahead_ms, stream = min(self._working(), key=lambda work: work[0], default=(0.0, None))
        return stream if ahead_ms < AHEAD_MAX_MS else None

    def _wait_s(self) -> float | None:
        least_ms = min((ahead_ms for ahead_ms, _ in self._working()), default=None)
        return None if least_ms is None else max(0.0, (least_ms - AHEAD_MAX_MS) / 1000)

    def _speak(self, stream: Stream) -> None:
        """Synthesise the next segment of a stream's reply in front."""
        reply = stream.front
        assert reply is not None
        due = reply.next_segment()
        if due is not None:
            piece, segment, text = due
            pause = reply.due_pause(segment.pause_ms)
            if pause:
                self.tell(reply.told(pause, now_ms()))
            sound = self._sound(stream.rate_hz)
            self._synthesise(
                stream, reply, Speaking(reply, sound, self._engine.rate_hz, piece.start + segment.start, text), text
            )
        reply.end_piece(self.tell)
        stream.settle(self.tell)

    def _synthesise(self, stream: Stream, reply: Reply, speaking: Speaking, text: str) -> None:
        def take(pcm: bytes, words: list[WordStart]) -> bool:
            speaking.take(pcm, words, self.tell, now_ms())
            return self._orders.wants(reply)

        signal.setitimer(signal.ITIMER_PROF, SEGMENT_CPU_S)
        self._engine.speak(text, stream.tuning, take)
        signal.setitimer(signal.ITIMER_PROF, 0)
        speaking.end(self.tell, now_ms())

    def _sound(self, rate_hz: int) -> Sound:
        if rate_hz not in self._sounds:
            self._sounds[rate_hz] = Sound(self._engine.rate_hz, rate_hz)
        return self._sounds[rate_hz]


def _ends(arrived: list[Order]) -> list[tuple[int, int | None]]:
    ended: list[tuple[int, int | None]] = []
    for order in arrived:
        match order:
            case CancelReply(stream, reply):
                ended.append((stream, reply))
            case CloseStream(stream):
                ended.append((stream, None))
            case _:
                pass
    return ended


def main() -> None:
    """Run the synthesis process until its standard input ends."""
    # Whatever prints must not print between the frames.
    sink = os.dup(1)
    os.dup2(2, 1)
    try:
        engine = EspeakEngine()
        # The first words load the dictionary: not while somebody waits.
        engine.speak("ready", DEFAULT_TUNING, lambda _pcm, _words: True)
        SynthesisServer(engine, Orders(sys.stdin.fileno()), sink).run()
    except BrokenPipeError:
        return
