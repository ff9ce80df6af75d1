"""DTMF: keys that a caller presses reach us twice, over the media socket and as events; each counts once. Pure."""

from enum import StrEnum

SAME_PRESS_S = 3.0
"""Seconds within which the second report of a key press comes, over the other way."""

MOST_KEPT = 64
"""The most key presses that are remembered while their second report may come; nobody presses more in
`SAME_PRESS_S`."""


BURST_KEYS = 32
"""The most keys that a caller may press at once: more than the longest input has."""
KEYS_PER_S = 10.0
"""Keys per second that a caller may press beyond `BURST_KEYS`: nobody is quicker, and hardly a machine."""


class Way(StrEnum):
    """By which of two ways a tone reached us: the media socket, or an event."""

    SOCKET = "socket"
    EVENT = "event"


class DtmfPresses:
    """The key presses of one call, each counted once though it is reported twice."""

    __slots__ = ("_allowed", "_allowed_at", "_unmatched")

    def __init__(self) -> None:
        self._unmatched: list[tuple[Way, str, float]] = []
        self._allowed = float(BURST_KEYS)
        self._allowed_at = 0.0

    def count_press(self, at: float) -> bool:
        """Count a press at `at` (seconds) against the bounds; returns False if it exceeds them and is to be ignored."""
        elapsed_s = max(0.0, at - self._allowed_at)
        self._allowed = min(float(BURST_KEYS), self._allowed + elapsed_s * KEYS_PER_S)
        self._allowed_at = at
        if self._allowed < 1.0:
            return False
        self._allowed -= 1.0
        return True

    def take_tone(self, way: Way, digit: str, at: float) -> bool:
        """Take a tone that came at `at` (seconds); returns False if it is the second report of a press."""
        self._unmatched = [tone for tone in self._unmatched if at - tone[2] <= SAME_PRESS_S]
        for tone in self._unmatched:
            if tone[0] is not way and tone[1] == digit:
                self._unmatched.remove(tone)
                return False
        self._unmatched = [*self._unmatched[-MOST_KEPT + 1 :], (way, digit, at)]
        return True
