"""How far the audio of a response is ahead of its playback, as far as can be told from when it came. Pure."""

AHEAD_S = 0.3
"""Seconds of audio that must have come and cannot have been heard yet, before more of it may be read late."""


class AudioAhead:
    """The audio of one response at a time, whose playback begins with the first of it at the earliest.

    Args:
        bytes_per_s: how much of the audio lasts a second.
    """

    def __init__(self, bytes_per_s: float) -> None:
        self._bytes_per_s = bytes_per_s
        self._lasts_until = 0.0

    def begin(self) -> None:
        """Note that another response begins: what came before it keeps nobody from hearing it at once."""
        self._lasts_until = 0.0

    def add(self, size_bytes: int, now: float) -> bool:
        """Add audio that comes at `now`, in seconds; returns whether all there is lasts for `AHEAD_S` at least."""
        self._lasts_until = max(self._lasts_until, now) + size_bytes / self._bytes_per_s
        return self._lasts_until - now >= AHEAD_S
