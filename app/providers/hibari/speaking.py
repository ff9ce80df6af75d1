"""Threads that make the audio of all sessions: the session whose listener has least of it to hear goes first.

onnxruntime and numpy release the interpreter while they work, so threads share one model and need no process of their
own.
"""

import threading
import time
from collections.abc import Callable
from typing import Protocol

import msgspec

from app.providers.hibari.replies import Clause, Ended, Replies


class MadeClause(msgspec.Struct, frozen=True):
    """A clause as audio: PCM16LE at the rate of its stream."""

    clause: Clause
    pcm: bytes
    start_ms: float
    """How many ms of the reply's audio come before it."""
    end_ms: float
    words: tuple[tuple[int, int, float], ...]
    """For each word its start and end in characters of the reply's text, and its time in ms of the reply's audio."""


class FailedClause(msgspec.Struct, frozen=True):
    """A clause could not be made, and nothing that follows of its reply is."""

    reply: int
    error: str


Made = MadeClause | FailedClause | Ended


class Speaks(Protocol):
    """What makes audio of a clause: see `synthesizer.pcm_of`."""

    def __call__(self, clause: Clause, rate_hz: int, speed: float) -> tuple[bytes, tuple[tuple[int, int, float], ...]]:
        """PCM16LE, and the words with their times in it in ms."""
        ...


class Stream(msgspec.Struct, kw_only=True, eq=False):
    """One session's replies; belongs to the `SpeakingThreads`."""

    rate_hz: int
    speed: float
    tell: Callable[[Made], None]
    """Called on a speaking thread."""
    replies: Replies = msgspec.field(default_factory=Replies)
    is_in_hand: bool = False


class SpeakingThreads:
    """The streams, and the threads, which end with `close`. All methods are safe on any thread, and never wait long."""

    def __init__(self, speak: Speaks, threads: int, now: Callable[[], float] = time.monotonic) -> None:
        self._speak = speak
        self._now = now
        self._streams: dict[Stream, None] = {}
        self._changed = threading.Condition()
        self._is_closed = False
        self._began_at: dict[int, float] = {}
        for number in range(threads):
            threading.Thread(target=self._work, args=(number,), name=f"hibari-{number}", daemon=True).start()

    def change(self, stream: Stream, change: Callable[[Replies], object]) -> None:
        """Change what a stream has to say."""
        with self._changed:
            self._streams[stream] = None
            change(stream.replies)
            self._changed.notify()

    def forget(self, stream: Stream) -> None:
        """Make nothing more of a stream."""
        with self._changed:
            self._streams.pop(stream, None)

    def close(self) -> None:
        """End the threads after the clauses in hand. Does not wait for them."""
        with self._changed:
            self._is_closed = True
            self._streams.clear()
            self._changed.notify_all()

    @property
    def busy_s(self) -> float:
        """How long the oldest clause has been in hand; 0 when there is none."""
        began = min(list(self._began_at.values()), default=None)
        return 0.0 if began is None else self._now() - began

    def _work(self, number: int) -> None:
        while (taken := self._next()) is not None:
            stream, part = taken
            self._began_at[number] = self._now()
            try:
                made = part if isinstance(part, Ended) else self._made(stream, part)
                if made is not None:
                    stream.tell(made)
            finally:
                del self._began_at[number]
                with self._changed:
                    stream.is_in_hand = False
                    self._changed.notify()

    def _made(self, stream: Stream, clause: Clause) -> MadeClause | FailedClause | None:
        try:
            pcm, words = self._speak(clause, stream.rate_hz, stream.speed)
        except Exception as error:  # noqa: BLE001 - whatever the runtime raises; the stream is told
            with self._changed:
                stream.replies.fail(clause.reply)
            return FailedClause(clause.reply, type(error).__name__)
        with self._changed:
            start_s = stream.replies.made(clause.reply, len(pcm) / 2 / stream.rate_hz, self._now())
        if start_s is None:
            return None
        start_ms = start_s * 1000
        return MadeClause(
            clause,
            pcm,
            start_ms,
            start_ms + len(pcm) / 2 * 1000 / stream.rate_hz,
            tuple((clause.offset + start, clause.offset + end, start_ms + ms) for start, end, ms in words),
        )

    def _next(self) -> tuple[Stream, Clause | Ended] | None:
        """Take the next part of the stream that is due and has least ahead; None when there will be none."""
        with self._changed:
            while not self._is_closed:
                now = self._now()
                idle = [stream for stream in self._streams if not stream.is_in_hand]
                waits = [(in_s, stream) for stream in idle if (in_s := stream.replies.due_in_s(now)) is not None]
                due = [stream for in_s, stream in waits if in_s == 0]
                if due:
                    stream = min(due, key=lambda each: each.replies.ahead_s(now))
                    stream.is_in_hand = True
                    return stream, stream.replies.take()
                self._changed.wait(min((in_s for in_s, _ in waits), default=None))
        return None
