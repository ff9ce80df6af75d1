"""A timer that was set anew or cancelled never fires, however late its message comes."""

import asyncio

from actors.messages.lifecycle import Timer, TimerFired
from actors.runtime.clock import LoopClock, run_virtual
from actors.session.turn_timers import TurnTimers

FIRST, SECOND = list(Timer)[:2]


class Told:
    def __init__(self) -> None:
        self.fired: list[TimerFired] = []

    def tell(self, message: TimerFired) -> None:
        self.fired.append(message)


def test_of_each_kind_one_runs_and_what_was_set_before_it_is_not_due() -> None:
    async def main() -> None:
        told = Told()
        timers = TurnTimers(LoopClock(), told)
        timers.set(FIRST, 1.0)
        await asyncio.sleep(2)
        # Its message was under way when it was set anew.
        timers.set(FIRST, 1.0)
        (late,) = told.fired
        assert not timers.take_fired(late)
        await asyncio.sleep(2)
        assert timers.take_fired(told.fired[1])
        assert not timers.take_fired(told.fired[1])

    run_virtual(main())


def test_one_that_is_cancelled_or_closed_tells_nobody() -> None:
    async def main() -> None:
        told = Told()
        timers = TurnTimers(LoopClock(), told)
        for timer in (FIRST, SECOND):
            timers.set(timer, 1.0)
        timers.cancel(FIRST)
        timers.cancel(FIRST)
        await asyncio.sleep(2)
        assert [fired.timer for fired in told.fired] == [SECOND]
        timers.set(FIRST, 1.0)
        timers.set(SECOND, 1.0)
        timers.close()
        await asyncio.sleep(2)
        assert len(told.fired) == 1

    run_virtual(main())
