"""What one session has to say: its replies in order, and how far ahead of its listener each is made."""

from collections import deque

import msgspec

from app.providers.hibari.text import Span, clauses

AHEAD_MAX_S = 30.0
"""Seconds by which the making of a reply may be ahead of its playback, counted from its first audio; the rest is made
while it is heard. More would only fill the server's memory."""
TEXT_MAX_CHARS = 100_000
"""The most characters of one session's text that wait to be spoken: two hours of speech."""


class Clause(msgspec.Struct, frozen=True):
    """A part of a piece of text that is made in one go."""

    reply: int
    text: str
    """The text of the clause."""
    span: Span
    offset: int
    """Where the clause begins, in characters of the reply's text."""
    is_last: bool
    """Whether its piece of text ends with this clause."""


class Ended(msgspec.Struct, frozen=True):
    """All clauses of a finished reply were taken."""

    reply: int


class _Reply(msgspec.Struct):
    clauses: deque[Clause] = msgspec.field(default_factory=deque)
    text_chars: int = 0
    waiting_chars: int = 0
    audio_s: float = 0.0
    began_at: float | None = None
    is_finished: bool = False


class Replies:
    """The replies of one session. Not thread-safe."""

    def __init__(self) -> None:
        self._replies: dict[int, _Reply] = {}
        self._failed: set[int] = set()
        """Replies that have failed, of which more may be written by those who do not know yet."""

    def write(self, number: int, text: str) -> bool:
        """Add a piece of text to a reply; False if too much waits already, and then it is not added.

        One that has failed is given no more.
        """
        if number in self._failed:
            return True
        reply = self._reply(number)
        if sum(each.waiting_chars for each in self._replies.values()) + len(text) > TEXT_MAX_CHARS:
            return False
        spans = list(clauses(text)) or [Span(0, 0)]
        for at, span in enumerate(spans, start=1):
            reply.clauses.append(Clause(number, text, span, reply.text_chars, at == len(spans)))
        reply.text_chars += len(text)
        reply.waiting_chars += len(text)
        return True

    def finish(self, number: int) -> None:
        """Note that a reply has all its text; one that has failed ends with that, and is not told to have ended."""
        if number in self._failed:
            self._failed.remove(number)
        else:
            self._reply(number).is_finished = True

    def drop(self, number: int) -> None:
        """Make nothing more of a reply, of which no more is written."""
        self._replies.pop(number, None)
        self._failed.discard(number)

    def fail(self, number: int) -> None:
        """Make nothing more of a reply, whatever else is written to it before it is finished or dropped."""
        reply = self._replies.pop(number, None)
        if reply is not None and not reply.is_finished:
            self._failed.add(number)

    def due_in_s(self, now: float) -> float | None:
        """Seconds until the next part is to be made, 0 being now; None if there is nothing to make."""
        reply = next(iter(self._replies.values()), None)
        if reply is None or not (reply.clauses or reply.is_finished):
            return None
        if not reply.clauses or reply.began_at is None:
            return 0.0
        return max(0.0, reply.began_at + reply.audio_s - now - AHEAD_MAX_S)

    def ahead_s(self, now: float) -> float:
        """How much audio of the reply in front cannot have been heard yet; less than nothing: its listener waits."""
        reply = next(iter(self._replies.values()), None)
        if reply is None or reply.began_at is None:
            return 0.0
        return reply.began_at + reply.audio_s - now

    def take(self) -> Clause | Ended:
        """The next part; only when one is due."""
        number, reply = next(iter(self._replies.items()))
        if reply.clauses:
            clause = reply.clauses.popleft()
            reply.waiting_chars -= clause.span.end - clause.span.start
            return clause
        del self._replies[number]
        return Ended(number)

    def made(self, number: int, audio_s: float, now: float) -> float | None:
        """Count audio of a reply; where it begins in the reply's audio, in s, or None if the reply was dropped."""
        reply = self._replies.get(number)
        if reply is None:
            return None
        if reply.began_at is None:
            reply.began_at = now
        start_s, reply.audio_s = reply.audio_s, reply.audio_s + audio_s
        return start_s

    def _reply(self, number: int) -> _Reply:
        return self._replies.setdefault(number, _Reply())
