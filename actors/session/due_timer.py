"""A timer for what is due next, where that moves with each event: it is set seldom, and never fires too late."""

import math
from typing import Any

from actors.ports.clock import Clock, Timer
from actors.ports.recipient import Recipient

SOON_S = 1e-6
"""A timer that fires at most this many seconds early is on time, since floats round."""


class DueTimer:
    """Tells `message` when something is due. A wait that has become longer keeps its timer.

    When that fires too early, whoever is told calls `watch` again for the rest of the wait.

    Args:
        clock: times are in seconds of it.
        recipient: told the message.
        message: told each time when the timer fires.
    """

    def __init__(self, clock: Clock, recipient: Recipient[Any], message: Any) -> None:
        self._clock = clock
        self._recipient = recipient
        self._message = message
        self._timer: Timer | None = None
        self._fires_at = math.inf

    def watch(self, due: float | None) -> None:
        """Have the message told at `due`, or before; None: nothing is due, and no timer is set for that."""
        if due is None or self._fires_at <= due:
            return
        self.cancel()
        self._fires_at = due
        left_s = max(0.0, due - self._clock.now())
        self._timer = self._clock.call_later(left_s, self._recipient, self._message)

    def take_fired(self, due: float | None) -> bool:
        """Note that the message was told, and return whether the time `due` has come; False for None."""
        self._timer, self._fires_at = None, math.inf
        return due is not None and due <= self._clock.now() + SOON_S

    def cancel(self) -> None:
        """Have nothing told until `watch` is called again; harmless where no timer is set."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._fires_at = None, math.inf
