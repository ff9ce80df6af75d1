"""A timer for what is due next is set when that comes nearer, and told for the rest of the wait otherwise."""

from typing import Any

from actors.session.due_timer import DueTimer


class SetTimer:
    """A timer of `Clock`, as it was set."""

    def __init__(self, delay_s: float) -> None:
        self.delay_s = delay_s
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class Clock:
    """A clock that stands until it is moved, and notes the timers that are set."""

    def __init__(self) -> None:
        self.at = 100.0
        self.timers: list[SetTimer] = []

    def now(self) -> float:
        return self.at

    def wall(self) -> float:
        return self.at

    def call_later(self, delay_s: float, recipient: Any, message: Any) -> SetTimer:
        self.timers.append(SetTimer(delay_s))
        return self.timers[-1]


def made() -> tuple[DueTimer, Clock]:
    clock = Clock()
    return DueTimer(clock, None, "due"), clock  # type: ignore[arg-type]  # nobody is told in these tests


def test_a_timer_is_set_for_what_is_due_and_none_for_nothing() -> None:
    timer, clock = made()
    timer.watch(None)
    assert clock.timers == []
    timer.watch(103.0)
    timer.watch(99.0)
    assert [(each.delay_s, each.is_cancelled) for each in clock.timers] == [(3.0, True), (0.0, False)]


def test_a_wait_that_becomes_longer_keeps_its_timer_until_that_fires() -> None:
    timer, clock = made()
    timer.watch(101.0)
    timer.watch(105.0)
    assert len(clock.timers) == 1
    clock.at = 101.0
    assert not timer.take_fired(105.0)
    timer.watch(105.0)
    assert clock.timers[1].delay_s == 4.0
    clock.at = 105.0 - 1e-9
    assert timer.take_fired(105.0)


def test_what_was_given_up_meanwhile_is_not_due() -> None:
    timer, clock = made()
    timer.watch(101.0)
    clock.at = 101.0
    assert not timer.take_fired(None)


def test_a_cancelled_timer_can_be_set_again() -> None:
    timer, clock = made()
    timer.cancel()
    timer.watch(101.0)
    timer.cancel()
    assert clock.timers[0].is_cancelled
    timer.watch(102.0)
    assert len(clock.timers) == 2
