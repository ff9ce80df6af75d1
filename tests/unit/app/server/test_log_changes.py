"""The later of two changes of the level holds at every worker, in whichever order they come, and others are told."""

import asyncio
from collections.abc import Iterator

import pytest

from app.server.log_changes import LevelChange, LogChanges
from app.server.logs import change_level, current_level
from app.server.processes.worker_bus import WorkerBus


@pytest.fixture(autouse=True)
def level() -> Iterator[None]:
    """What the other tests have."""
    before = current_level()
    yield
    change_level(before)


async def test_a_change_is_applied_and_told_once() -> None:
    changes, told = LogChanges(WorkerBus(), lambda: 5.0), asyncio.Queue[LevelChange]()
    changes.tell_others = told.put
    await changes.make("error")
    assert (current_level().value, changes.made) == ("error", LevelChange("error", 5_000_000))
    assert told.get_nowait() == changes.made
    await changes.take(LevelChange("debug", 6_000_000))
    assert current_level().value == "debug"
    assert told.empty(), "what comes from others is theirs to tell"


async def test_an_earlier_change_that_comes_late_is_left_out() -> None:
    changes = LogChanges(WorkerBus(), lambda: 5.0)
    await changes.make("error")
    for late in (LevelChange("debug", 4_999_999), LevelChange("", 0)):
        await changes.take(late)
        assert current_level().value == "error"


async def test_a_change_at_a_machine_whose_clock_is_behind_is_the_later_one() -> None:
    changes = LogChanges(WorkerBus(), lambda: 5.0)
    await changes.take(LevelChange("debug", 900_000_000))
    await changes.make("warning")
    assert (current_level().value, changes.made.at) == ("warning", 900_000_001)
