"""A process must not end while the Speech SDK is at work: a thread of the SDK that runs Python just then aborts it.

Engines release all of the SDK when they are closed. What a process still holds at its end, since it was not given the
time to close them, is released here.
"""

import atexit
import threading
import time
from typing import Protocol

LEAVE_S = 3.0


class Leaves(Protocol):
    """An object of the SDK that must be released before the process ends."""

    def leave(self) -> None:
        """Stop and release the SDK's objects; may block; may be called twice."""
        ...


_alive: set[Leaves] = set()


def guard(alive: Leaves) -> None:
    """Have `alive` released before the process ends, unless `release` comes first."""
    _alive.add(alive)


def release(gone: Leaves) -> None:
    """Note that an object of the SDK is closed and no longer holds up the exit."""
    _alive.discard(gone)


def _leave_all() -> None:
    threads = [threading.Thread(target=alive.leave, daemon=True) for alive in list(_alive)]
    for thread in threads:
        thread.start()
    until = time.monotonic() + LEAVE_S
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))


atexit.register(_leave_all)
