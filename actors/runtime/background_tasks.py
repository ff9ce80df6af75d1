"""Tasks that belong to the process, not to one actor, and that nobody waits for."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from actors.runtime.containment import start_contained
from actors.runtime.failure_counters import Failure, report_failure
from actors.runtime.telemetry import count_given_up

logger = logging.getLogger("earshot.background")

MAX_TASKS = 2_000
"""The most tasks at any moment; further ones are refused. Each task has a time limit, so that this is never reached in
normal operation."""


class BackgroundTasks:
    """Runs tasks that nobody waits for; a failure is logged, without content. Belongs to one loop."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def run(self, work: Coroutine[Any, Any, Any], *, what: str = "work", within_s: float | None = None) -> bool:
        """Start `work`, which is given up after `within_s` seconds; None for work that bounds itself.

        Returns whether it has been started.
        """
        if len(self._tasks) >= MAX_TASKS:
            work.close()
            self._give_up(what, "too much of it is under way")
            return False
        bounded = work if within_s is None else self._bounded(work, what, within_s)
        task = start_contained(asyncio.get_running_loop(), bounded, self._failed, "background")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def finished(self) -> None:
        """Wait until every task that was started has ended."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _bounded(self, work: Coroutine[Any, Any, Any], what: str, within_s: float) -> None:
        try:
            async with asyncio.timeout(within_s) as limit:
                await work
        except TimeoutError:
            if not limit.expired():
                raise
            self._give_up(what, f"it was not done within {within_s:g} s")

    @staticmethod
    def _give_up(what: str, reason: str) -> None:
        count_given_up(what)
        logger.warning("%s in the background was given up: %s", what, reason)

    @staticmethod
    def _failed(error: BaseException) -> None:
        report_failure(Failure.BACKGROUND, logger, "background work failed: %s", type(error).__name__)
