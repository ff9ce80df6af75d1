"""Where in a session's audio a position of an engine's stream lies: the stream knows nothing of the gaps. Pure."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable

MOST_GAPS = 1_000
"""The most gaps that are remembered; of more the oldest is forgotten, since a stream reports on its last
minutes only."""


class Positions:
    """The positions of one stream, in ms, from its beginning on."""

    __slots__ = ("_begins", "_shifts")

    def __init__(self) -> None:
        self._begins: list[float] = []
        """Where each stretch of audio without a gap begins in the stream."""
        self._shifts: list[float] = []
        """By how much each stretch lies further on in the session than in the stream."""

    def resumed(self, stream_ms: float, at_ms: float) -> None:
        """Note that the stream goes on, at this position of its own, with audio from `at_ms` of the session on.

        To be told of its beginning and of each gap; not of every frame between them.
        """
        if self._begins and self._begins[-1] == stream_ms:
            self._shifts[-1] = at_ms - stream_ms
            return
        self._begins.append(stream_ms)
        self._shifts.append(at_ms - stream_ms)
        del self._begins[:-MOST_GAPS], self._shifts[:-MOST_GAPS]

    def beginning(self, stream_ms: float) -> float:
        """Where in the session's audio something begins, in ms, that begins at `stream_ms` of the stream."""
        return self._shifted(stream_ms, bisect_right(self._begins, stream_ms))

    def end(self, stream_ms: float) -> float:
        """Where in the session's audio something ends, in ms, that ends at `stream_ms` of the stream: before a gap."""
        return self._shifted(stream_ms, bisect_left(self._begins, stream_ms))

    def _shifted(self, stream_ms: float, stretches: int) -> float:
        return stream_ms + (self._shifts[max(0, stretches - 1)] if self._shifts else 0.0)


def within(place: Callable[[float], float], stream_ms: float, given_ms: float) -> float:
    """Where in the session's audio a position lies that an engine tells, by `place`: not behind what it was given.

    What is no position is the end of that, `given_ms`: one that lay far ahead would have all later words pass for late.
    """
    if not isinstance(stream_ms, int | float) or not math.isfinite(stream_ms):
        return given_ms
    return min(place(stream_ms), given_ms)
