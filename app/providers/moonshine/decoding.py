"""Threads that decode pieces of audio: finals first, and nothing that is not wanted any more.

onnxruntime releases the interpreter while it works, so threads share one model and need no process of their own.
"""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from enum import IntEnum

import msgspec
import numpy as np

from app.providers.moonshine.hints import Hints
from app.providers.moonshine.model import AbandonedError, Decoded, Decoder
from app.providers.moonshine.second_look import decode_surely
from app.providers.moonshine.segments import Segment

WAITING_MAX = 256
"""The most decodings that wait: some seconds of work for two cores."""
FULL_SCALE = 32_768.0

log = logging.getLogger(__name__)


class Urgency(IntEnum):
    """In which order the decodings that wait are done."""

    FINAL = 0
    """A final transcript, for which the caller waits."""
    SOON = 1
    """What may become a final transcript, because the speaker pauses."""
    INTERIM = 2


class Decoding(msgspec.Struct, kw_only=True, eq=False):
    """A segment, or its beginning, to be decoded; belongs to the stream that wants it, but for `result` and below."""

    urgency: Urgency
    start_ms: int
    end_ms: int
    """Where the last voice in the audio ended, in ms."""
    pcm: bytes
    hints: Hints | None
    prefix: tuple[int, ...]
    draft: tuple[int, ...] = ()
    on_done: Callable[["Decoding"], None]
    """Called on a decoding thread when the decoding has a result or has failed; not when it was abandoned."""
    is_abandoned: bool = False
    is_begun: bool = False
    result: Decoded | None = None
    error: Exception | None = None
    took_ms: float = 0.0

    def abandoned(self) -> bool:
        """Whether nobody wants it any more."""
        return self.is_abandoned

    @property
    def is_done(self) -> bool:
        """Whether it has a result, or has failed."""
        return self.result is not None or self.error is not None

    @property
    def is_whole(self) -> bool:
        """Whether nothing was taken for granted, so that it may be a final."""
        return not self.prefix


def decoding_of(
    segment: Segment,
    urgency: Urgency,
    hints: Hints | None,
    on_done: Callable[[Decoding], None],
    prefix: tuple[int, ...] = (),
    draft: tuple[int, ...] = (),
    more_silence: bytes = b"",
) -> Decoding:
    """What there is of `segment` now, with more silence behind it than there was yet, to be decoded."""
    return Decoding(
        urgency=urgency,
        start_ms=segment.start_ms,
        end_ms=segment.end_ms,
        pcm=bytes(segment.pcm) + more_silence,
        hints=hints,
        prefix=prefix,
        draft=draft,
        on_done=on_done,
    )


def decoded(decoder: Decoder, decoding: Decoding) -> Decoded:
    """What `decoding` says. What may become a final is looked at twice where the model is not sure of it.

    Raises:
        AbandonedError: nobody wants it any more.
    """
    samples = np.frombuffer(decoding.pcm, np.int16).astype(np.float32) / np.float32(FULL_SCALE)
    if decoding.urgency is Urgency.INTERIM or not decoding.is_whole:
        return decoder.decode(samples, decoding.hints, decoding.prefix, decoding.draft, decoding.abandoned)
    return decode_surely(decoder, samples, decoding.hints, decoding.draft, decoding.abandoned)


class DecodingQueue:
    """What waits for a thread, and the threads, which end with `close`. All methods are safe on any thread."""

    def __init__(self, model: Decoder, threads: int) -> None:
        self._model = model
        self._waiting: list[tuple[Urgency, int, Decoding]] = []
        self._serial = itertools.count()
        self._changed = threading.Condition()
        self._closed = False
        self._began_at: dict[int, float] = {}
        self._threads = [
            threading.Thread(target=self._work, args=(number,), name=f"moonshine-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, decoding: Decoding) -> bool:
        """Have it decoded; False if too much waits already, and then it is not.

        One that waits may be submitted again, at a greater urgency.
        """
        with self._changed:
            if self._closed or (len(self._waiting) >= WAITING_MAX and not self._drop_abandoned()):
                return False
            heapq.heappush(self._waiting, (decoding.urgency, next(self._serial), decoding))
            self._changed.notify()
        return True

    @property
    def busy_s(self) -> float:
        """How long the oldest decoding has been going on; 0 when there is none."""
        began = min(list(self._began_at.values()), default=None)
        return 0.0 if began is None else time.monotonic() - began

    def close(self) -> None:
        """End the threads after what they have in hand; what waits is dropped. Does not wait for them."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()

    def _drop_abandoned(self) -> bool:
        """Drop the decodings that nobody wants any more; whether there is room then."""
        self._waiting = [each for each in self._waiting if not (each[2].is_abandoned or each[2].is_begun)]
        heapq.heapify(self._waiting)
        return len(self._waiting) < WAITING_MAX

    def _work(self, number: int) -> None:
        while (decoding := self._next()) is not None:
            self._began_at[number] = began = time.monotonic()
            try:
                decoding.result = decoded(self._model, decoding)
            except AbandonedError:
                continue
            except Exception as error:  # noqa: BLE001 - whatever the runtime raises; its stream is told
                decoding.error = error
            finally:
                del self._began_at[number]
            decoding.took_ms = (time.monotonic() - began) * 1000
            decoding.pcm = b""
            decoding.on_done(decoding)

    def _next(self) -> Decoding | None:
        """The most urgent that is wanted still; None when the queue is closed."""
        with self._changed:
            while not self._closed:
                while self._waiting:
                    _, _, decoding = heapq.heappop(self._waiting)
                    if not decoding.is_abandoned and not decoding.is_begun:
                        decoding.is_begun = True
                        return decoding
                self._changed.wait()
        return None
