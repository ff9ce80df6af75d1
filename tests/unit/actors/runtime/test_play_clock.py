"""The play clock on virtual time, and on a loop that is late."""

import asyncio
import logging
from collections.abc import Callable

import pytest

from actors.runtime import play_clock
from actors.runtime.clock import run_virtual
from actors.runtime.play_clock import PERIOD_MS, SLOT_MS, SLOTS, TICKS_MEASURED, PlayClock, Seat


class HandLoop:
    """A loop whose time is moved by hand, and which wakes when it is told to."""

    def __init__(self) -> None:
        self.now_ms = 1_000.0
        self.timers: list[HandTimer] = []

    def time(self) -> float:
        return self.now_ms / 1000

    def call_at(self, when_s: float, callback: Callable[[], object]) -> "HandTimer":
        timer = HandTimer(self, when_s * 1000, callback)
        self.timers.append(timer)
        return timer

    def wake_at(self, now_ms: float) -> None:
        """Whatever is due by then, and a hair more, is called then."""
        self.now_ms = now_ms
        for timer in [timer for timer in self.timers if timer.when_ms <= now_ms + 0.5]:
            timer.cancel()
            timer.callback()


class HandTimer:
    def __init__(self, loop: HandLoop, when_ms: float, callback: Callable[[], object]) -> None:
        self.loop = loop
        self.when_ms = when_ms
        self.callback = callback

    def cancel(self) -> None:
        if self in self.loop.timers:
            self.loop.timers.remove(self)


def on_virtual_time(members: int, duration_s: float) -> list[list[float]]:
    async def main() -> list[list[float]]:
        loop = asyncio.get_running_loop()
        clock = PlayClock(loop.time, loop.call_at)
        ticks: list[list[float]] = [[] for _ in range(members)]
        seats = [clock.join(log.append) for log in ticks]
        await asyncio.sleep(duration_s)
        for seat in seats:
            seat.leave()
        return ticks

    return run_virtual(main())


def test_it_ticks_every_20_ms_without_drift() -> None:
    (ticks,) = on_virtual_time(1, 60.005)
    first_ms = ticks[0]
    assert len(ticks) == 3_000
    assert ticks == pytest.approx([first_ms + n * PERIOD_MS for n in range(len(ticks))], abs=1e-6)


def test_members_are_spread_over_the_slots() -> None:
    ticks = on_virtual_time(2 * SLOTS + 1, 0.0399)
    phases = sorted(round(log[0]) % PERIOD_MS for log in ticks)
    slots = range(0, PERIOD_MS, SLOT_MS)
    assert sorted(set(phases)) == list(slots)
    assert sorted(map(phases.count, slots)) == [2] * (SLOTS - 1) + [3]


def test_an_empty_clock_sets_no_timer_and_a_slot_has_only_one() -> None:
    loop = HandLoop()
    clock = PlayClock(loop.time, loop.call_at)
    assert not loop.timers
    seats = [clock.join(lambda _: None) for _ in range(3 * SLOTS)]
    assert clock.members == 3 * SLOTS
    assert len(loop.timers) == SLOTS
    for seat in seats:
        seat.leave()
        seat.leave()
    assert clock.members == 0
    assert not loop.timers


def test_a_late_wake_up_ticks_once_with_the_true_time_and_keeps_the_grid() -> None:
    loop, ticks = HandLoop(), list[float]()
    seat = PlayClock(loop.time, loop.call_at).join(ticks.append, due_ms=1_020)
    due_ms = 1_020.0
    loop.wake_at(due_ms)
    loop.wake_at(due_ms + 75)
    assert ticks == [due_ms, due_ms + 75]
    assert [timer.when_ms for timer in loop.timers] == [pytest.approx(due_ms + 80)]
    assert seat.slot == due_ms % PERIOD_MS


def test_a_wake_up_that_is_a_hair_early_does_not_tick_twice() -> None:
    loop, ticks = HandLoop(), list[float]()
    PlayClock(loop.time, loop.call_at).join(ticks.append, due_ms=1_020)
    loop.wake_at(1_019.8)
    assert ticks == [pytest.approx(1_019.8)]
    assert [timer.when_ms for timer in loop.timers] == [pytest.approx(1_040)]


@pytest.mark.parametrize("due_ms", [1_021.0, 1_021.3, 1_034.0, 1_039.9])
def test_a_wish_for_the_first_tick_is_kept_by_the_next_slot(due_ms: float) -> None:
    loop = HandLoop()
    clock = PlayClock(loop.time, loop.call_at)
    for _ in range(3):
        slot = clock.join(lambda _: None, due_ms=due_ms).slot
        assert slot % SLOT_MS == 0
        assert (slot - due_ms) % PERIOD_MS < SLOT_MS


def test_without_a_wish_the_first_of_the_empty_slots_is_taken() -> None:
    loop = HandLoop()
    loop.now_ms = 1_007.5
    assert PlayClock(loop.time, loop.call_at).join(lambda _: None).slot == 8


def test_a_member_that_fails_is_removed_and_the_others_tick(caplog: pytest.LogCaptureFixture) -> None:
    loop, ticks = HandLoop(), list[float]()
    clock = PlayClock(loop.time, loop.call_at)

    def fail(_: float) -> None:
        raise RuntimeError("what the user said")

    for tick in (fail, ticks.append):
        clock.join(tick, due_ms=1_020)
    with caplog.at_level(logging.ERROR):
        for now_ms in range(1_001, 1_064):
            loop.wake_at(now_ms)
    assert ticks == [1_020, 1_040, 1_060]
    assert clock.members == 1
    assert len(caplog.records) == 1
    assert "RuntimeError" in caplog.text
    assert "user said" not in caplog.text


def test_a_member_that_leaves_during_the_tick_is_not_called_and_the_timer_goes() -> None:
    loop, ticks = HandLoop(), list[float]()
    clock = PlayClock(loop.time, loop.call_at)
    seats: list[Seat] = []

    def leave_all(at_ms: float) -> None:
        ticks.append(at_ms)
        for seat in seats:
            seat.leave()

    for _ in range(2 * SLOTS):
        seats.append(clock.join(leave_all))
    for now_ms in range(1_000, 1_100):
        loop.wake_at(now_ms)
    assert len(ticks) == 1
    assert not loop.timers
    assert clock.members == 0


def test_a_slot_can_be_taken_again() -> None:
    loop, ticks = HandLoop(), list[float]()
    clock = PlayClock(loop.time, loop.call_at)
    clock.join(ticks.append, due_ms=1_020).leave()
    clock.join(ticks.append, due_ms=1_020)
    for now_ms in range(1_000, 1_050):
        loop.wake_at(now_ms)
    assert ticks == [1_020, 1_040]


async def test_on_a_real_loop_it_keeps_the_pace() -> None:
    loop = asyncio.get_running_loop()
    clock, ticks, began = PlayClock(loop.time, loop.call_at), list[float](), loop.time()
    seat = clock.join(ticks.append)
    await asyncio.sleep(0.25)
    seat.leave()
    count, passed_ms = len(ticks), (loop.time() - began) * 1_000
    await asyncio.sleep(0.03)
    assert len(ticks) == count
    assert 1 <= count <= passed_ms / PERIOD_MS + 1


def test_the_latest_tick_of_each_second_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    late: list[float] = []

    class Histogram:
        def record(self, value: float) -> None:
            late.append(value)

    monkeypatch.setattr(play_clock, "_lateness", Histogram())
    loop = HandLoop()
    clock = PlayClock(loop.time, loop.call_at)
    clock.join(lambda at_ms: None)
    for late_ms in (0.0, 33.0, -0.4, *[0.0] * (TICKS_MEASURED - 3), *[2.0] * TICKS_MEASURED, 99.0):
        loop.wake_at(loop.timers[0].when_ms + late_ms)
    assert late == pytest.approx([0.033, 0.002])
