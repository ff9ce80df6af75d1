"""Where in a session's audio a position of an engine's stream lies: the stream knows nothing of the gaps. Pure."""

from bisect import bisect_left, bisect_right

MOST_GAPS = 1_000
"""The oldest gaps are forgotten above this: a stream that goes on talks of its last minutes only."""


class Positions:
    """The positions of one stream, in ms, from its beginning on."""

    def __init__(self) -> None:
        self._begins: list[float] = []
        """Where in the stream each stretch of audio without a gap begins."""
        self._shifts: list[float] = []
        """How much further on in the session each of them lies."""
        self._end_ms = 0.0

    def pushed(self, at_ms: float, duration_ms: float) -> None:
        """Note that so much audio, which begins at `at_ms` of the session, was pushed into the stream."""
        shift = at_ms - self._end_ms
        if not self._shifts or abs(shift - self._shifts[-1]) > 0.5:
            self._begins.append(self._end_ms)
            self._shifts.append(shift)
            del self._begins[:-MOST_GAPS], self._shifts[:-MOST_GAPS]
        self._end_ms += duration_ms

    def beginning(self, stream_ms: float) -> float:
        """Where in the session's audio something begins that begins at this position in the stream."""
        return self._shifted(stream_ms, bisect_right(self._begins, stream_ms))

    def end(self, stream_ms: float) -> float:
        """Where in the session's audio something ends that ends at this position in the stream: before a gap there."""
        return self._shifted(stream_ms, bisect_left(self._begins, stream_ms))

    def _shifted(self, stream_ms: float, stretches: int) -> float:
        return stream_ms + (self._shifts[max(0, stretches - 1)] if self._shifts else 0.0)
