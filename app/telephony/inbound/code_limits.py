"""How many wrong access codes are borne before no more are listened to, by caller and in all. Pure: time is given."""

from collections import deque

PER_CALLER = 6
OVERALL = 60
WINDOW_S = 3_600.0
"""Seconds for which a wrong code counts. At this rate it takes some 80 hours on average to find a code of four
digits."""


class CodeLimits:
    """The wrong codes of the last WINDOW_S.

    It never remembers more than OVERALL of them: once there are as many, nobody may try, so none is added. Callers
    who hide their number are one caller.
    """

    def __init__(self, per_caller: int = PER_CALLER, overall: int = OVERALL, window_s: float = WINDOW_S) -> None:
        self._per_caller = per_caller
        self._overall = overall
        self._window_s = window_s
        self._wrong: deque[tuple[float, str]] = deque(maxlen=overall)

    def may_try(self, caller: str, now_s: float) -> bool:
        """Whether a code of this caller is looked at."""
        self._forget(now_s)
        own = sum(1 for _, other in self._wrong if other == caller)
        return own < self._per_caller and len(self._wrong) < self._overall

    @property
    def exhausted(self) -> bool:
        """Whether so many wrong access codes came from all callers together that nobody may try for now."""
        return len(self._wrong) >= self._overall

    def wrong(self, caller: str, now_s: float) -> None:
        """Count a wrong access code against its caller and against all."""
        self._forget(now_s)
        self._wrong.append((now_s, caller))

    def _forget(self, now_s: float) -> None:
        while self._wrong and now_s - self._wrong[0][0] >= self._window_s:
            self._wrong.popleft()
