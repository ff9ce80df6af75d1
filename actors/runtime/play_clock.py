"""One play clock per process: sessions are spread over slots of 4 ms: no tick is a burst, and one wakeup serves many.

To wake the loop costs as much as a session's tick: with slots of 1 ms, ten calls took a tenth more CPU.

A slot with members has one timer, set on an absolute grid: it never drifts, and a tick that comes late comes once, with
the true time, and changes nothing about the next. A clock without members sets no timer.
"""

import logging
from collections.abc import Callable

from opentelemetry import metrics

from actors.ports.clock import Timer
from actors.runtime.failure_counters import Failure, report_failure
from actors.runtime.telemetry import HANDLING_S

_lateness = metrics.get_meter("earshot").create_histogram(
    "earshot.playback.lateness",
    unit="s",
    description="How late the agent's audio is sent after the play clock, the latest within a second",
    explicit_bucket_boundaries_advisory=HANDLING_S,
)

logger = logging.getLogger("earshot.play_clock")

PERIOD_MS = 20
SLOT_MS = 4
SLOTS = PERIOD_MS // SLOT_MS
TICKS_MEASURED = 1_000 // PERIOD_MS

Tick = Callable[[float], None]
"""Called at each tick with the time of the loop's clock, in ms."""


class Seat:
    """The place of one member on the play clock, in one of its slots."""

    __slots__ = ("_slot", "tick")

    def __init__(self, slot: "_Slot", tick: Tick) -> None:
        self._slot = slot
        self.tick = tick

    @property
    def slot(self) -> int:
        """How many ms into each period its tick comes."""
        return self._slot.offset_ms

    def leave(self) -> None:
        """Give the seat up: no tick comes afterwards. Harmless when it was given up before."""
        self._slot.remove(self)

    def fail(self, error: Exception) -> None:
        """Note that the member failed at a tick: it loses its seat."""
        # Its traceback could carry what was said.
        line = "a member of the play clock failed and was removed: %s"
        report_failure(Failure.OUTPUT, logger, line, type(error).__name__, output="play clock")
        self.leave()


class _Slot:
    """All members that tick at the same time of the period."""

    def __init__(self, offset_ms: int, now_s: Callable[[], float], call_at: Callable[..., Timer]) -> None:
        self.offset_ms = offset_ms
        self.members: dict[Seat, None] = {}
        self._now_s = now_s
        self._call_at = call_at
        self._period = 0
        self._latest_ms = 0.0
        self._ticks = 0
        self._timer: Timer | None = None

    def add(self, seat: Seat) -> None:
        self.members[seat] = None
        if self._timer is None:
            self._set_timer(self._next_period(self._now_s() * 1000))

    def remove(self, seat: Seat) -> None:
        self.members.pop(seat, None)
        if not self.members and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _next_period(self, now_ms: float) -> int:
        return int((now_ms - self.offset_ms) // PERIOD_MS) + 1

    def _set_timer(self, period: int) -> None:
        self._period = period
        self._timer = self._call_at((period * PERIOD_MS + self.offset_ms) / 1000, self._fire)

    def _measure(self, late_ms: float) -> None:
        """Record the latest tick of each second: to record every one would cost a tenth of a call."""
        if late_ms > self._latest_ms:
            self._latest_ms = late_ms
        self._ticks += 1
        if self._ticks >= TICKS_MEASURED:
            _lateness.record(self._latest_ms / 1000)
            self._latest_ms, self._ticks = 0.0, 0

    def _fire(self) -> None:
        due_ms = self._period * PERIOD_MS + self.offset_ms
        # A loop may wake a hair too early; then the next period by the clock is still the present one.
        at_ms = self._now_s() * 1000
        self._set_timer(max(self._period + 1, self._next_period(at_ms)))
        self._measure(at_ms - due_ms)
        members = self.members
        for seat in tuple(members):
            # Another member's tick may have taken it away.
            if seat in members:
                try:
                    seat.tick(at_ms)
                except Exception as error:  # noqa: BLE001 - whatever it is, the other members go on
                    seat.fail(error)


class PlayClock:
    """The clock of one event loop: `PlayClock(loop.time, loop.call_at)`."""

    def __init__(self, now_s: Callable[[], float], call_at: Callable[..., Timer]) -> None:
        self._now_s = now_s
        self._slots = [_Slot(offset_ms, now_s, call_at) for offset_ms in range(0, PERIOD_MS, SLOT_MS)]

    def join(self, tick: Tick, due_ms: float | None = None) -> Seat:
        """Have `tick` called every 20 ms in the emptiest slot, the soonest of equals, until the seat is left.

        `due_ms`: a tick is due then, and comes less than 4 ms later. A paced session that has just sent its first
        frames wants it a period and a little (21 ms) after them: so its lead stays full, and jitter never makes it too
        long.
        """
        from_ms = self._now_s() * 1000 if due_ms is None else due_ms
        wait_ms = {slot: (slot.offset_ms - from_ms) % PERIOD_MS for slot in self._slots}
        if due_ms is None:
            slot = min(self._slots, key=lambda slot: (len(slot.members), wait_ms[slot]))
        else:
            slot = min(self._slots, key=wait_ms.__getitem__)
        seat = Seat(slot, tick)
        slot.add(seat)
        return seat

    @property
    def members(self) -> int:
        """How many members there are in all slots."""
        return sum(len(slot.members) for slot in self._slots)
