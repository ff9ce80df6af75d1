"""Keys that a caller presses reach us twice, over the media socket and as events: each press counts once. Pure."""

from enum import StrEnum

SAME_PRESS_S = 3.0
"""The other way takes no longer than this."""

MOST_KEPT = 64
"""Nobody presses more keys in that time."""


class Way(StrEnum):
    """How a tone came."""

    SOCKET = "socket"
    EVENT = "event"


class Tones:
    """Of one call."""

    def __init__(self) -> None:
        self._unmatched: list[tuple[Way, str, float]] = []

    def pressed(self, way: Way, digit: str, at: float) -> bool:
        """A tone came at `at` (seconds); whether it is a press that has not been seen yet."""
        self._unmatched = [tone for tone in self._unmatched if at - tone[2] <= SAME_PRESS_S]
        for tone in self._unmatched:
            if tone[0] is not way and tone[1] == digit:
                self._unmatched.remove(tone)
                return False
        self._unmatched = [*self._unmatched[-MOST_KEPT + 1 :], (way, digit, at)]
        return True
