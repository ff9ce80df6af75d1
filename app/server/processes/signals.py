"""Stop signals (SIGTERM, SIGINT): the first one drains the process, a later one ends it at once.

Where other workers can go on with the conversations, the second one has them handed over at once, and the third ends.
"""

import asyncio
import signal
from collections.abc import Callable
from enum import Enum, auto

from app.stores.redis_address import redis_address
from config.groups.server import DrainPolicy
from config.settings import Settings

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

REPEAT_S = 0.25
"""Seconds after an order within which a signal is a repetition of it: `make`, `timeout` and some platforms pass on to
processes a signal that the terminal or the kernel has sent them as well."""


HURRY_SIGNAL = signal.SIGUSR1
"""The signal by which the launcher orders a worker to hand over at once what is left; the worker's pipe is closed by
then."""


def hands_over(settings: Settings) -> bool:
    """Whether workers elsewhere can go on with the conversations of a server that ends."""
    return redis_address(settings) is not None and settings.server.drain_policy is not DrainPolicy.GOODBYE


def ignore_stop_signals(loop: asyncio.AbstractEventLoop) -> None:
    """Have this process end by itself from here on, with its own status: all that it had to end has ended.

    Without that a signal that is sent twice ends it by the second one, once the loop that has handled them is closed.
    """
    for signum in STOP_SIGNALS:
        loop.remove_signal_handler(signum)
        signal.signal(signum, signal.SIG_IGN)


class StopSignal(Enum):
    """What a process has to do about a signal to end."""

    DRAIN = auto()
    REPEATED = auto()
    HAND_OVER = auto()
    AT_ONCE = auto()


class StopSignals:
    """Counts the signals to end.

    Args:
        now: gives seconds on a monotonic clock.
        hands_over: whether others can go on with the conversations.
    """

    def __init__(self, now: Callable[[], float], *, hands_over: bool = False) -> None:
        self._now = now
        self._orders = [StopSignal.DRAIN, *([StopSignal.HAND_OVER] if hands_over else [])]
        self._ordered_at: float | None = None

    def count(self) -> StopSignal:
        """Count one more signal to end, and return what the process has to do about it."""
        at = self._now()
        if self._ordered_at is not None and at - self._ordered_at < REPEAT_S:
            return StopSignal.REPEATED
        self._ordered_at = at
        return self._orders.pop(0) if self._orders else StopSignal.AT_ONCE
