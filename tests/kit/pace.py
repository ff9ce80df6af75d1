"""How fast this machine is at the moment: a shared one may be two or three times as slow as it was an hour ago.

Tests wait for servers, and for no longer than a bound. As many of them side by side as a quick machine carries are more
than a slow one does, and then bounds are passed for which nobody is at fault.
"""

import time

STEPS = 2_000_000
QUICK_S = 0.07
"""What a quick machine with nothing else to do takes for so many steps, in seconds."""
LEEWAY = 1.3
"""A machine that is slower by less is a quick one."""
FEWEST = 2


def slowness() -> float:
    """How many times as long as a quick machine this one takes, 1 at least, if nothing else is done meanwhile."""
    return max(1.0, min(_steps_s() for _ in range(3)) / QUICK_S)


def side_by_side(most: int, slower: float) -> int:
    """How many processes of tests a machine that is so many times slower carries, where a quick one carries `most`."""
    return max(min(FEWEST, most), round(most * min(1.0, LEEWAY / slower)))


def _steps_s() -> float:
    begun = time.perf_counter()
    total = 0
    for step in range(STEPS):
        total += step
    return time.perf_counter() - begun
