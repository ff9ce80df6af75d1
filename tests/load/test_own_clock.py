"""A load generator that was late itself is told from a server that was."""

import asyncio
import time

from tests.load import own_clock
from tests.load.own_clock import OwnClock


def test_it_slips_when_a_look_is_much_later_than_it_was_due() -> None:
    clock = OwnClock()
    clock.looked(10.0, 10.1)
    clock.looked(20.0, 21.0)
    assert clock.slips == 1
    assert not clock.slipped(0.0, 19.9)
    assert clock.slipped(0.0, 20.5)
    assert clock.slipped(20.9, 30.0)
    assert not clock.slipped(21.1)


async def test_a_loop_that_stood_still_has_slipped() -> None:
    clock = OwnClock()
    clock.start()
    await asyncio.sleep(4 * own_clock.LOOK_S)
    before_s = time.monotonic()
    while time.monotonic() < before_s + own_clock.SLIPPED_S + 2 * own_clock.LOOK_S:
        pass
    await asyncio.sleep(2 * own_clock.LOOK_S)
    clock.stop()
    assert clock.slips >= 1
    assert clock.slipped(before_s)
    assert clock.late(1.0) > own_clock.SLIPPED_S
    assert clock.own_cores > 0.0
    assert clock.run_cores > 0.0
    assert clock.busy_cores > 0.0


def test_a_few_late_looks_in_many_are_borne() -> None:
    clock = OwnClock()
    assert clock.is_trusted
    clock.late_s = [0.0] * 99 + [1.0]
    assert clock.is_trusted
    clock.late_s = [0.0] * 98 + [1.0, 1.0]
    assert not clock.is_trusted
