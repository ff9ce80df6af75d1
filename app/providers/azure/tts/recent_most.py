"""The most that a number has been of late. Pure; reads no clock."""


class RecentMost:
    """The most of the last one or two spans of `span_s` seconds. Times are seconds of a clock that never runs back."""

    def __init__(self, span_s: float) -> None:
        self._span_s = span_s
        self._began = 0.0
        self._latest = 0
        self._former = 0

    def note(self, number: int, now: float) -> None:
        """Note that the number is `number` at the time `now`."""
        self._go_on(now)
        self._latest = max(self._latest, number)

    def most(self, now: float) -> int:
        """The most that was noted: of all that is no older than a span, and of nothing older than two."""
        self._go_on(now)
        return max(self._latest, self._former)

    def _go_on(self, now: float) -> None:
        spans = (now - self._began) // self._span_s
        if spans >= 1:
            self._former = self._latest if spans == 1 else 0
            self._latest = 0
            self._began += spans * self._span_s
