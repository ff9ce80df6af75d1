"""Which frames of a quiet line wait for the next, so that the SDK and its threads are woken less often. Pure."""

QUIET_AFTER_MS = 300.0
"""Milliseconds of audio in which nothing is loud and the service owes nothing, after which the caller counts as
silent."""
HELD_MS = 60.0
"""Milliseconds of audio that are handed over at once while the caller is silent: quiet speech is at most two frames
late, and loud speech is not."""


class QuietFrames:
    """The frames of one stream that wait."""

    def __init__(self) -> None:
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
        if self._quiet_ms > QUIET_AFTER_MS and held_ms < HELD_MS:
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
