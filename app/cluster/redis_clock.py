"""Notices that the clock of Redis was set, or is that of another machine since a failover."""

SET_MS = 500.0
"""Milliseconds by which the clock must have been set to be noticed: less does no harm to leases of some seconds, and
two clocks that run at slightly different speeds never differ by that much from one reading to the next."""


class RedisClock:
    """Compares readings of the clock of Redis with this machine's own clock, which goes on and is never set."""

    def __init__(self) -> None:
        self._last: tuple[float, float, float] | None = None

    def set_by_ms(self, told_ms: float, asked_s: float, answered_s: float) -> float:
        """By how many ms, at least, the clock was set between the last reading and this one: above 0 if forward, below
        if back, and 0 if it need not have been set at all. Readings may be told of in another order than they were
        made.

        Args:
            told_ms: the reading.
            asked_s: when it was asked for, in seconds of this machine's clock.
            answered_s: when the answer had come.
        """
        last, self._last = self._last, (told_ms, asked_s, answered_s)
        if last is None:
            return 0.0
        last_told_ms, last_asked_s, last_answered_s = last
        passed_ms = told_ms - last_told_ms
        most_ms = (answered_s - last_asked_s) * 1000
        least_ms = (asked_s - last_answered_s) * 1000
        set_ms = max(0.0, passed_ms - most_ms) + min(0.0, passed_ms - least_ms)
        return set_ms if abs(set_ms) > SET_MS else 0.0
