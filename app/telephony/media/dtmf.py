"""DTMF: keys that a caller presses reach us twice, over the media socket and as events; each counts once. Pure."""

from enum import StrEnum

SAME_PRESS_S = 3.0
"""The other way takes no longer than this."""

MOST_KEPT = 64
"""Nobody presses more keys in that time."""


BURST_KEYS = 32
"""A call may press so many keys at once: more than the longest input has."""
KEYS_PER_S = 10.0
"""And so many in a second from then on: nobody's fingers are quicker, and hardly a machine's tones."""


class Way(StrEnum):
    """By which of two ways a tone reached us: the media socket, or an event."""

    SOCKET = "socket"
    EVENT = "event"


class DtmfPresses:
    """The key presses of one call, each counted once though it is reported twice."""

    def __init__(self) -> None:
        self._unmatched: list[tuple[Way, str, float]] = []
        self._allowed = float(BURST_KEYS)
        self._allowed_at = 0.0

    def within_bounds(self, at: float) -> bool:
        """Whether another press at `at` (seconds) is one that somebody can have made; else it is best left out."""
        elapsed_s = max(0.0, at - self._allowed_at)
        self._allowed = min(float(BURST_KEYS), self._allowed + elapsed_s * KEYS_PER_S)
        self._allowed_at = at
        if self._allowed < 1.0:
            return False
        self._allowed -= 1.0
        return True

    def pressed(self, way: Way, digit: str, at: float) -> bool:
        """A tone came at `at` (seconds); whether it is a press that has not been seen yet."""
        self._unmatched = [tone for tone in self._unmatched if at - tone[2] <= SAME_PRESS_S]
        for tone in self._unmatched:
            if tone[0] is not way and tone[1] == digit:
                self._unmatched.remove(tone)
                return False
        self._unmatched = [*self._unmatched[-MOST_KEPT + 1 :], (way, digit, at)]
        return True
