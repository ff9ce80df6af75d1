"""Which frames wait for the next, so that the SDK and its threads are woken less often. Pure."""

QUIET_AFTER_MS = 300.0
"""Milliseconds of audio in which nothing is loud and the service owes nothing, after which the caller counts as
silent."""
HELD_MS = 60.0
"""What is handed over at once then, at least: what begins softly is heard two frames later, what is loud at once."""


class QuietFrames:
    """The frames of one stream that wait: until `together_ms` are there, and for twice as much of a quiet line.

    The SDK sends whole blocks of `together_ms`, so that nothing less would go out sooner.
    """

    def __init__(self, together_ms: float) -> None:
        self._together_ms = together_ms
        self._held_most_ms = max(HELD_MS, 2 * together_ms)
        self._held = b""
        self._held_ms = 0.0
        self._quiet_ms = 0.0
        self._grows = False

    def add(self, pcm: bytes, length_ms: float, *, is_wanted: bool) -> bytes:
        """What is due with this audio, that which waited first; empty where this waits too.

        `is_wanted`: it is loud, or the service is at work on something.
        """
        self._quiet_ms = 0.0 if is_wanted else self._quiet_ms + length_ms
        held_ms = self._held_ms + length_ms
        self._grows = True
        if held_ms < (self._held_most_ms if self._quiet_ms > QUIET_AFTER_MS else self._together_ms):
            self._held += pcm
            self._held_ms = held_ms
            return b""
        return self.take() + pcm if self._held else pcm

    def take(self) -> bytes:
        """What waits, which waits no longer."""
        held, self._held, self._held_ms = self._held, b"", 0.0
        return held

    def take_overdue(self) -> bytes:
        """Return the frames that wait if none was added since the last call, else nothing; they wait no longer."""
        grows, self._grows = self._grows, False
        return b"" if grows else self.take()
