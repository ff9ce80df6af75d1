"""Stop signals (SIGTERM, SIGINT): the first one drains the process, a later one ends it at once."""

from collections.abc import Callable
from enum import Enum, auto

REPEAT_S = 0.25
"""A signal this soon after the first is the same order again: `make`, `timeout` and some platforms pass a signal on to
processes that the terminal or the kernel has signalled as well."""


class StopSignal(Enum):
    """What a process has to do about a signal to end."""

    DRAIN = auto()
    REPEATED = auto()
    AT_ONCE = auto()


class StopSignals:
    """Counts the signals to end. `now` gives seconds on a monotonic clock."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._first_at: float | None = None

    def count(self) -> StopSignal:
        """Count one more signal to end, and return what the process has to do about it."""
        at = self._now()
        if self._first_at is None:
            self._first_at = at
            return StopSignal.DRAIN
        return StopSignal.REPEATED if at - self._first_at < REPEAT_S else StopSignal.AT_ONCE
