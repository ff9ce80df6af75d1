"""Tasks that an emulator started and that end with it."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Background:
    """Keeps its tasks; `close` ends them and raises the first failure, which is a defect of the emulator."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self.failures: list[BaseException] = []

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run `work` beside everything else."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def later(self, delay_s: float, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run `work` after `delay_s`."""
        return self.start(_after(delay_s, work))

    def __len__(self) -> int:
        return len(self._tasks)

    async def close(self) -> None:
        """Cancel what runs and wait until it ended."""
        while self._tasks:
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self.failures:
            raise self.failures[0]

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self.failures.append(failure)


async def _after(delay_s: float, work: Coroutine[Any, Any, Any]) -> None:
    try:
        await asyncio.sleep(delay_s)
    except asyncio.CancelledError:
        work.close()
        raise
    await work
