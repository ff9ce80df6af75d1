"""Tasks that belong to the process, not to one actor, and that nobody waits for."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from actors.runtime.containment import start_contained
from actors.runtime.failure_counters import Failure, report_failure
from actors.runtime.telemetry import count_given_up
from actors.runtime.time_limit import GRACE_S

logger = logging.getLogger("earshot.background")

MAX_TASKS = 2_000
"""The most tasks at any moment; further ones are refused. Each task has a time limit, so that this is never reached in
normal operation."""


class BackgroundTasks:
    """Runs tasks that nobody waits for; a failure is logged, without content. Belongs to one loop."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def run(
        self,
        work: Coroutine[Any, Any, Any],
        *,
        what: str = "work",
        within_s: float | None = None,
        then: Callable[[], None] | None = None,
    ) -> bool:
        """Start `work`; returns whether it has been started.

        Args:
            work: what is done.
            what: names it in the log.
            within_s: seconds after which it is given up, whatever it makes of that; None for work that bounds itself.
            then: called when it is over, or given up.
        """
        if len(self._tasks) >= MAX_TASKS:
            work.close()
            self._give_up(what, "too much of it is under way")
            return False
        loop = asyncio.get_running_loop()
        task = start_contained(loop, work, self._failed, "background")
        self._tasks.add(task)
        task.add_done_callback(lambda task: self._over(task, then))
        if within_s is not None:
            limit = loop.call_later(within_s, self._overdue, task, then, what, within_s)
            task.add_done_callback(lambda _: limit.cancel())
        return True

    async def finished(self) -> None:
        """Wait until every task that was started has ended."""
        while self._tasks:
            # What is left to itself leaves the set, and does not end.
            await asyncio.wait(self._tasks, timeout=GRACE_S)

    def _overdue(self, task: "asyncio.Task[Any]", then: Callable[[], None] | None, what: str, within_s: float) -> None:
        self._give_up(what, f"it was not done within {within_s:g} s")
        task.cancel()
        # Others' work may catch its cancellation, and go on.
        asyncio.get_running_loop().call_later(GRACE_S, self._over, task, then)

    def _over(self, task: "asyncio.Task[Any]", then: Callable[[], None] | None) -> None:
        if task in self._tasks:
            self._tasks.discard(task)
            if then is not None:
                then()

    @staticmethod
    def _give_up(what: str, reason: str) -> None:
        count_given_up(what)
        logger.warning("%s in the background was given up: %s", what, reason)

    @staticmethod
    def _failed(error: BaseException) -> None:
        report_failure(Failure.BACKGROUND, logger, "background work failed: %s", type(error).__name__)
