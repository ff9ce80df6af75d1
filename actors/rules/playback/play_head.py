"""How far the user has heard: a position on the line of all audio sent, moved by the clock and by marks."""

from enum import Enum, StrEnum

MARK_SETTLES_MS = 1_000
"""Milliseconds after the last frame was sent from which an empty player means that the client has played all of it."""


class MarkState(StrEnum):
    """What a client's player does at the moment of a mark."""

    PLAYING = "playing"
    PAUSED = "paused"
    EMPTY = "empty"


class _Ear(Enum):
    """Whether the caller is hearing audio at the moment, and if not, why."""

    DRY = "dry"  # all that was sent has been heard
    RUNNING = "running"
    STOPPED = "stopped"  # the client stopped its player
    HELD = "held"  # we asked the client to hold


# Looked at for each frame: an attribute of an enumeration takes longer.
_DRY, _RUNNING = _Ear.DRY, _Ear.RUNNING


class PlayHead:
    """How far the user has heard all audio that was sent, by the clock and by marks. Never moves backwards."""

    __slots__ = ("_ear", "_from_at_ms", "_from_ms", "_sent_at_ms", "heard_ms", "sent_ms")

    def __init__(self) -> None:
        self.sent_ms = 0.0
        self.heard_ms = 0.0
        self._ear = _Ear.DRY
        self._from_ms = 0.0
        self._from_at_ms = 0.0
        self._sent_at_ms = 0.0

    @property
    def dry(self) -> bool:
        """Whether nothing is on its way to the user: all that was sent has been heard."""
        return self.heard_ms >= self.sent_ms

    def advance(self, at_ms: float) -> None:
        """Move the head to the time `at_ms`, if audio is being heard."""
        if self._ear is _RUNNING:
            # As `_hear`, which is a call: this is done with each frame.
            position_ms = self._from_ms + at_ms - self._from_at_ms
            if self.heard_ms < position_ms < self.sent_ms:
                self.heard_ms = position_ms
            else:
                self._hear(position_ms)

    def send(self, at_ms: float, duration_ms: float, delay_ms: float) -> None:
        """Count `duration_ms` of audio as sent; if nothing was being heard, it is heard from `delay_ms` later."""
        if self._ear is _DRY:
            self._run(at_ms + delay_ms)
        self.sent_ms += duration_ms
        self._sent_at_ms = at_ms

    def hold(self) -> None:
        """Stop the head: nothing more is heard until `release`."""
        self._ear = _Ear.HELD

    def release(self, at_ms: float, delay_ms: float) -> None:
        """Let a held head go on, `delay_ms` from now."""
        if self._ear is _Ear.HELD:
            self._ear = _Ear.DRY
            if not self.dry:
                self._run(at_ms + delay_ms)

    def mark(self, position_ms: float, state: MarkState, at_ms: float, delay_ms: float) -> None:
        """Correct the position by what the client reports.

        A client whose player is empty while audio is on its way to it goes on within `delay_ms`, and reports that.
        """
        if state is MarkState.EMPTY and at_ms - self._sent_at_ms >= MARK_SETTLES_MS:
            position_ms = self.sent_ms
        self._hear(position_ms)
        if self._ear is _Ear.HELD or self.dry:
            return
        self._from_ms, self._from_at_ms = position_ms, at_ms + (delay_ms if state is MarkState.EMPTY else 0.0)
        self._ear = _Ear.STOPPED if state is MarkState.PAUSED else _Ear.RUNNING

    def skip(self) -> None:
        """Move the head to the end of what was sent, the rest of which will not be heard, and end any hold."""
        self.heard_ms = self.sent_ms
        self._ear = _Ear.DRY

    def _run(self, at_ms: float) -> None:
        self._ear, self._from_ms, self._from_at_ms = _Ear.RUNNING, self.heard_ms, at_ms

    def _hear(self, position_ms: float) -> None:
        # Not by `dry`, which is a call: this is done with each frame.
        if position_ms >= self.sent_ms or self.heard_ms >= self.sent_ms:
            self.heard_ms = self.sent_ms
            self._ear = _Ear.DRY
        elif position_ms > self.heard_ms:
            self.heard_ms = position_ms
