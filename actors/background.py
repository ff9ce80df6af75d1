"""Tasks that belong to the process, not to one actor."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

logger = logging.getLogger("earshot.background")


class Background:
    """Runs tasks that nobody waits for; a failure is logged, without content. Belongs to one loop."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def run(self, work: Coroutine[Any, Any, Any]) -> None:
        """Start `work`."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    async def finished(self) -> None:
        """Wait for all that has been started."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("background work failed: %s", type(error).__name__)
