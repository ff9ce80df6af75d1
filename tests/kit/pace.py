"""How fast this machine is at the moment: a shared one may be two or three times as slow as it was an hour ago.

Tests wait for servers, and for no longer than a bound. As many of them side by side as a quick machine carries are more
than a slow one does, and then bounds are passed for which nobody is at fault.
"""

import statistics
import time

STEPS = 2_000_000
QUICK_S = 0.07
"""What a quick machine with nothing else to do takes for so many steps, in seconds."""
LEEWAY = 1.3
"""A machine that is slower by less is a quick one."""
FEWEST = 2
LOOKS, BETWEEN_S = 9, 0.1
"""A shared machine is now quick and now slow: what counts is how it mostly is."""


def slowness() -> float:
    """How many times as long as a quick machine this one takes, 1 at least, if nothing else is done meanwhile."""
    looks = []
    for _ in range(LOOKS):
        looks.append(_steps_s())
        time.sleep(BETWEEN_S)
    return max(1.0, statistics.median(looks) / QUICK_S)


def side_by_side(most: int, slower: float) -> int:
    """How many processes of tests a machine that is so many times slower carries, where a quick one carries `most`."""
    return max(min(FEWEST, most), round(most * min(1.0, LEEWAY / slower)))


def _steps_s() -> float:
    begun = time.perf_counter()
    total = 0
    for step in range(STEPS):
        total += step
    return time.perf_counter() - begun
