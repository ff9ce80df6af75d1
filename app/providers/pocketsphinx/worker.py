"""A recognition worker: many streams, one thread. Started by `recognizer.py`; ends with its input.

Orders come on standard input, answers go to standard output. Audio waits in memory, never lost, while others are
decoded; streams are served in turns, a tenth of a second of audio each.
"""

import os
import select
import sys
import tempfile
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, assert_never

from actors.errors import ErrorKind
from app.providers.pipe_frames import Unpacked, packed
from app.providers.pocketsphinx.engine import Engine, Vocabulary
from app.providers.pocketsphinx.utterance_decoding import WINDOW_BYTES, Heard, UtteranceDecoding
from app.providers.pocketsphinx.wire import (
    AreYouThere,
    Audio,
    Close,
    Concluded,
    Finish,
    Guessed,
    HereIAm,
    NothingHeard,
    Open,
    Opened,
    Order,
    Prepare,
    Prepared,
    StreamFailed,
    Told,
    orders,
)
from app.providers.silero.voice_activity import GatedSilero, SileroPool

RATE_HZ = 16_000
TURN_WINDOWS = 3
BACKLOG_MAX_BYTES = 60 * RATE_HZ * 2
"""A stream whose audio waits for a minute is failed: the machine cannot keep up."""
READ_BYTES = 1 << 18

Tell = Callable[[Told], None]


class Resampling(Protocol):
    """From the stream's rate to the models'."""

    def __call__(self, pcm: bytes) -> bytes: ...


class Stream:
    """One session's audio on its way to words."""

    def __init__(self, number: int, vocabulary: Vocabulary, pool: SileroPool, resample: Resampling) -> None:
        self.number = number
        self._decoding = UtteranceDecoding(vocabulary, GatedSilero(pool))
        self._resample = resample
        self._waiting = bytearray()
        # Where in the waiting audio utterances were declared finished.
        self._finishes: deque[int] = deque()
        self._guess: Heard | None = None

    @property
    def has_work(self) -> bool:
        """True when `work` would do something."""
        return len(self._waiting) >= WINDOW_BYTES or bool(self._finishes)

    def push(self, pcm: bytes) -> None:
        """More audio.

        Raises:
            OverflowError: too much is waiting already.
        """
        self._waiting += self._resample(pcm)
        if len(self._waiting) > BACKLOG_MAX_BYTES:
            raise OverflowError

    def finish(self) -> None:
        """The utterance ends with the audio pushed so far."""
        self._finishes.append(len(self._waiting))

    def work(self, tell: Tell) -> None:
        """Decode some of the audio that waits, for one turn of the worker's loop."""
        for _ in range(TURN_WINDOWS):
            if self._finishes and self._finishes[0] < WINDOW_BYTES:
                self._conclude(tell)
            elif len(self._waiting) >= WINDOW_BYTES:
                self._decoding.take(bytes(self._waiting[:WINDOW_BYTES]))
                del self._waiting[:WINDOW_BYTES]
                self._finishes = deque(at - WINDOW_BYTES for at in self._finishes)
        self._tell_guess(tell)

    def close(self) -> None:
        """Give back what was borrowed."""
        self._decoding.close()

    def _conclude(self, tell: Tell) -> None:
        self._finishes.popleft()
        heard = self._decoding.finish()
        self._guess = None
        if heard is None:
            tell(NothingHeard(self.number, self._decoding.audio_ms))
        else:
            tell(Concluded(self.number, heard.text, heard.start_ms, heard.end_ms, heard.confidence))

    def _tell_guess(self, tell: Tell) -> None:
        guess = self._decoding.partial()
        if guess is not None and (self._guess is None or guess.text != self._guess.text):
            tell(Guessed(self.number, guess.text, guess.start_ms, guess.end_ms))
        self._guess = guess


class Worker:
    """Recognizes speech in all streams of this process, one piece of work at a time."""

    def __init__(self, engine: Engine, tell: Tell) -> None:
        self._engine = engine
        self._tell = tell
        self._pool = SileroPool()
        self._pool.prepare(1)
        self._phrases: dict[str, tuple[str, ...]] = {}
        self._streams: dict[int, Stream] = {}

    def obey(self, order: Order) -> None:
        """Take one order; decoding waits for `work`."""
        match order:
            case AreYouThere():
                self._tell(HereIAm())
            case Prepare(vocabulary, phrases):
                self._phrases[vocabulary] = phrases
                self._engine.vocabulary(phrases)
                self._tell(Prepared(vocabulary))
            case Open(number, vocabulary, rate_hz):
                known = self._engine.vocabulary(self._phrases[vocabulary])
                self._streams[number] = Stream(number, known, self._pool, resampling(rate_hz))
                self._tell(Opened(number))
            case Audio(number, pcm):
                if number in self._streams:
                    self._push(self._streams[number], pcm)
            case Finish(number):
                if number in self._streams:
                    self._streams[number].finish()
            case Close(number):
                if number in self._streams:
                    self._streams.pop(number).close()
            case _:
                assert_never(order)

    def work(self) -> bool:
        """One turn for each stream that has something to decode; False when none had."""
        busy = [stream for stream in self._streams.values() if stream.has_work]
        for stream in busy:
            try:
                stream.work(self._tell)
            except (RuntimeError, ValueError) as error:  # what the decoder raises; the other streams go on
                self._fail(stream, ErrorKind.INTERNAL, f"the decoder failed: {type(error).__name__}")
        return bool(busy)

    def _push(self, stream: Stream, pcm: bytes) -> None:
        try:
            stream.push(pcm)
        except OverflowError:
            self._fail(stream, ErrorKind.THROTTLED, "recognition on this machine lags by a minute")

    def _fail(self, stream: Stream, kind: ErrorKind, detail: str) -> None:
        del self._streams[stream.number]
        self._tell(StreamFailed(stream.number, kind, detail))


def resampling(rate_hz: int) -> Resampling:
    """A converter of PCM16LE from `rate_hz` to 16 kHz, with memory of its own."""
    if rate_hz == RATE_HZ:
        return lambda pcm: pcm
    import numpy
    import soxr

    stream = soxr.ResampleStream(rate_hz, RATE_HZ, 1, dtype="int16")
    return lambda pcm: stream.resample_chunk(numpy.frombuffer(pcm, numpy.int16)).tobytes()


def serve(worker: Worker, source: int) -> None:
    """Obey orders from the file descriptor `source`, decode in between, return when it ends."""
    unpacking = Unpacked(orders)
    busy = False
    while True:
        readable, _, _ = select.select([source], [], [], 0 if busy else None)
        if readable:
            piece = os.read(source, READ_BYTES)
            if not piece:
                return
            for order in unpacking.take(piece):
                worker.obey(order)
        busy = worker.work()


def main() -> None:
    """Run the recognition worker until its standard input ends."""
    # Whatever prints must not print between the frames.
    sink = os.dup(1)
    os.dup2(2, 1)

    def tell(message: Told) -> None:
        frame = memoryview(packed(message))
        while frame:
            frame = frame[os.write(sink, frame) :]

    with tempfile.TemporaryDirectory(prefix="earshot-recognition-") as directory:
        try:
            serve(Worker(Engine(Path(directory)), tell), sys.stdin.fileno())
        except BrokenPipeError:
            return
