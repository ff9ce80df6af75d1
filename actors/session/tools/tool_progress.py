"""How far a tool has come, as it says itself: shown to who is connected, as long as the tool runs."""

import asyncio
import math
from collections.abc import Callable
from contextlib import suppress

WHOLE = 100


class ToolProgress:
    """Takes the percentages of one call from whatever thread, and shows each whole one once, in rising order.

    Args:
        show: called on the loop's thread with a percentage that is above the last one.
    """

    def __init__(self, show: Callable[[int], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._show = show
        self._told = 0

    def __call__(self, percent: float) -> None:
        """Note that so many percent are done; what is no number, or no more than was told before, is ignored."""
        if not isinstance(percent, int | float) or not math.isfinite(percent):
            return
        told = min(int(percent), WHOLE)
        if told > self._told:
            self._told = told
            if self._is_on_loop():
                self._show(told)
                return
            with suppress(RuntimeError):  # the loop is closed: nobody is there any more
                self._loop.call_soon_threadsafe(self._show, told)

    def _is_on_loop(self) -> bool:
        try:
            return asyncio.get_running_loop() is self._loop
        except RuntimeError:
            return False
