"""One scheduler per event loop: which actor runs next.

Actors with urgent mail run before all others, so that the reach of a barge-in is one message, however long the queue. A drain
is bounded and then gives the loop back to I/O.
"""

import asyncio
from collections import deque
from typing import Protocol
from weakref import WeakKeyDictionary

MESSAGES_PER_DRAIN = 128
"""Ordinary messages handled before sockets and timers get their turn again."""
URGENT_PER_DRAIN = 1_024
"""Bound on urgent ones, so that two actors telling each other urgent messages cannot hold the loop for ever."""


class Runnable(Protocol):
    """What the scheduler runs: handles one message per call."""

    def run_once(self) -> None:
        """Handle the next message; never raises."""
        ...


class Scheduler:
    """Two ready queues over one asyncio loop. All methods belong to the loop's thread."""

    __slots__ = ("_awake", "_ready", "_urgent", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._urgent: deque[Runnable] = deque()
        self._ready: deque[Runnable] = deque()
        self._awake = False

    def run_soon(self, actor: Runnable, *, urgent: bool) -> None:
        """Let `actor` handle one message, in its turn."""
        (self._urgent if urgent else self._ready).append(actor)
        if not self._awake:
            self._awake = True
            self.loop.call_soon(self._drain)

    def _drain(self) -> None:
        urgent, ready = self._urgent, self._ready
        urgent_left, ready_left = URGENT_PER_DRAIN, MESSAGES_PER_DRAIN
        while True:
            if urgent and urgent_left:
                urgent_left -= 1
                urgent.popleft().run_once()
            elif ready and ready_left:
                ready_left -= 1
                ready.popleft().run_once()
            else:
                break
        if urgent or ready:
            self.loop.call_soon(self._drain)
        else:
            self._awake = False


_schedulers: WeakKeyDictionary[asyncio.AbstractEventLoop, Scheduler] = WeakKeyDictionary()


def scheduler_of(loop: asyncio.AbstractEventLoop) -> Scheduler:
    """The scheduler of `loop`."""
    scheduler = _schedulers.get(loop)
    if scheduler is None:
        scheduler = _schedulers[loop] = Scheduler(loop)
    return scheduler
