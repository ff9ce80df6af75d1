"""The one thread that ends a process whose test takes too long.

pytest-timeout starts a thread for each test, which takes a third of what is done around a short one.
"""

import threading
import time
from collections.abc import Callable

LOOKS_S = 1.0
"""How often it is looked whether the time is up; a test may take that much longer."""


class TimeLimit:
    """Calls what it is told to when the time is up, unless it is lifted by then. There is one limit at a time."""

    def __init__(self, looks_s: float = LOOKS_S) -> None:
        self._looks_s = looks_s
        self._set: tuple[float, Callable[[], object]] | None = None
        self._has_thread = False

    def set(self, seconds: float, expired: Callable[[], object]) -> None:
        """Begin anew."""
        self._set = time.monotonic() + seconds, expired
        if not self._has_thread:
            self._has_thread = True
            threading.Thread(target=self._watch, name="time limit of tests", daemon=True).start()

    def lift(self) -> None:
        """Call nothing."""
        self._set = None

    def _watch(self) -> None:
        while True:
            time.sleep(self._looks_s)
            limit = self._set
            if limit is not None and time.monotonic() >= limit[0]:
                limit[1]()
