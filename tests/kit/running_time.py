"""How long something took on a machine that has other things to do as well."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

BEAT_S = 0.005


class RunningTime:
    """The time that has passed, less what a heartbeat on the same loop was late by: as long it would have taken on a
    machine of its own. A loop that stands still by its own fault is not noticed by this.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._began_s = self._due_s = self._loop.time()
        self._late_s = 0.0

    @property
    def wall_s(self) -> float:
        """Seconds by the clock: what something takes at least is held against this."""
        return self._loop.time() - self._began_s

    @property
    def s(self) -> float:
        """Seconds that the loop had: what something takes at most is held against this."""
        now_s = self._loop.time()
        return now_s - self._began_s - self._late_s - max(0.0, now_s - self._due_s)

    async def beat(self) -> None:
        """Count what each beat is late by, until cancelled."""
        while True:
            self._due_s = self._loop.time() + BEAT_S
            await asyncio.sleep(BEAT_S)
            self._late_s += max(0.0, self._loop.time() - self._due_s)


@asynccontextmanager
async def running_time() -> AsyncIterator[RunningTime]:
    """Measure from here on; the heartbeat ends with the block."""
    measured = RunningTime()
    beating = asyncio.ensure_future(measured.beat())
    await asyncio.sleep(0)
    try:
        yield measured
    finally:
        beating.cancel()
