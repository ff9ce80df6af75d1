"""Limits how much one client may send, by a token bucket for frames and one for bytes."""

from collections.abc import Callable

BURST_S = 10.0
"""The burst that is allowed, in seconds of the rate, because a network that stood still delivers all at once."""
BYTES_PER_FRAME = 1_280
"""Bytes that are allowed for each message of the rate: twice a frame of 20 ms of audio."""


class MessageRate:
    """Limits what one connection may send. `frames_per_s` counts frames of any kind, pings and fragments too."""

    def __init__(self, frames_per_s: float, now: Callable[[], float]) -> None:
        self._frames_per_s = frames_per_s
        self._most = frames_per_s * BURST_S
        self._now = now
        self._frames = self._bytes = self._most
        self._at = now()

    def admit(self, frames: int, size_bytes: int) -> bool:
        """Count frames and bytes that have come, and return whether they are within the rate."""
        now = self._now()
        more, self._at = (now - self._at) * self._frames_per_s, now
        most = self._most
        self._frames = min(most, self._frames + more) - frames
        # Counted in the bytes of a frame, so that one rate serves both.
        self._bytes = min(most, self._bytes + more) - size_bytes / BYTES_PER_FRAME
        return self._frames >= 0.0 and self._bytes >= 0.0
