"""How the time of a piece of work grows with its size: what a slow or busy machine does not change."""

import time
from collections.abc import Callable

REPEATS = 5


def growth(work: Callable[[int], object], size: int, times: int) -> float:
    """The processor time of `work(size * times)` as a multiple of that of `work(size)`: about `times` if it is linear.

    Each is the least of several runs that alternate, since what goes on beside only makes them longer.
    """
    least_s = {size: float("inf"), size * times: float("inf")}
    for _ in range(REPEATS):
        for each in least_s:
            began_s = time.process_time()
            work(each)
            least_s[each] = min(least_s[each], time.process_time() - began_s)
    return least_s[size * times] / least_s[size]
