"""A time limit for others' work, such as tools and engines, that holds whatever the work makes of its cancellation.

`asyncio.timeout` cancels what it limits and then waits until that has ended: work that catches its cancellation and
goes on, as a loop that tries again after every exception does, is waited for without end.
"""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from actors.errors import ActorsError
from actors.runtime.containment import start_contained

T = TypeVar("T")

GRACE_S = 1.0
"""Seconds for which work that was cancelled may still clean up, or come to its end; then it is left to itself."""


class OverdueError(ActorsError, TimeoutError):
    """The work was not done in time; not a time-out of its own."""


async def within(seconds: float, work: Awaitable[T]) -> T:
    """Return what `work` returns, or raise what it raises.

    It runs as a task of its own. When the time is up, or when the task that waits is cancelled, it is cancelled; what
    it comes to within `GRACE_S` counts all the same.

    Raises:
        OverdueError: it was not done in time.
    """
    raised: list[BaseException] = []
    # An awaitable that is no coroutine, such as the closing of an iterator, cannot be a task.
    coroutine = work if asyncio.iscoroutine(work) else _awaited(work)
    task = start_contained(asyncio.get_running_loop(), coroutine, raised.append, "within")
    cancelled = None
    try:
        await asyncio.wait([task], timeout=seconds)
    except asyncio.CancelledError as error:
        cancelled = error
    is_overdue = cancelled is None and not task.done()
    if not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=GRACE_S)
    if raised and not is_overdue:
        raise raised[0]
    if task.done() and not task.cancelled() and not raised:
        result: T = task.result()
        return result
    if cancelled is not None:
        raise cancelled
    raise OverdueError(f"it was not done within {seconds:g} s")


async def _awaited(work: Awaitable[T]) -> T:
    return await work
