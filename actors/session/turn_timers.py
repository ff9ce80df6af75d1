"""The timers of turn-taking on the session's clock. One that was set anew or cancelled never fires, however late."""

from actors.messages.lifecycle import Timer, TimerFired
from actors.ports.clock import Clock
from actors.ports.clock import Timer as ClockTimer
from actors.ports.recipient import Recipient


class TurnTimers:
    """At most one running timer of each kind.

    Args:
        clock: where they run.
        recipient: told `TimerFired`.
    """

    __slots__ = ("_clock", "_recipient", "_running", "_serial")

    def __init__(self, clock: Clock, recipient: Recipient[TimerFired]) -> None:
        self._clock = clock
        self._recipient = recipient
        self._running: dict[Timer, tuple[int, ClockTimer]] = {}
        self._serial = 0

    def set(self, timer: Timer, delay_s: float) -> None:
        """Start `timer` anew, to fire in `delay_s` seconds."""
        self.cancel(timer)
        self._serial += 1
        running = self._clock.call_later(delay_s, self._recipient, TimerFired(timer, self._serial))
        self._running[timer] = (self._serial, running)

    def cancel(self, timer: Timer) -> None:
        """Make sure that `timer` does not fire; harmless when it does not run."""
        if timer in self._running:
            self._running.pop(timer)[1].cancel()

    def take_fired(self, fired: TimerFired) -> bool:
        """Remove a timer that has fired; returns False if it was set anew or cancelled in the meantime."""
        if self._running.get(fired.timer, (0, None))[0] != fired.serial:
            return False
        del self._running[fired.timer]
        return True

    def close(self) -> None:
        """Cancel every timer of turn-taking that is set."""
        for timer in tuple(self._running):
            self.cancel(timer)
