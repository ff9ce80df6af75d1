"""Work of others, such as engines and tools, may raise anything: none of it may end the loop, or pass unseen.

asyncio lets a SystemExit or a KeyboardInterrupt of any task stop the whole loop. A GeneratorExit that a task raises
itself is kept by it, and told to nobody.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


def start_contained(
    loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], report: Callable[[BaseException], None], name: str
) -> "asyncio.Task[Any]":
    """Run `work` as a task that reports what it raises, whatever that is, and has no exception itself.

    A task that is cancelled, or closed, ends in that way, and reports nothing.
    """
    task = loop.create_task(_contained(work, report), name=name)
    # One that was cancelled before its first step would else complain of never having been awaited.
    task.add_done_callback(lambda _: work.close())
    return task


async def _contained(work: Coroutine[Any, Any, Any], report: Callable[[BaseException], None]) -> Any:
    task = asyncio.current_task()
    try:
        return await work
    except BaseException as error:
        if comes_from_outside(error, task):
            raise
        report(error)


def comes_from_outside(error: BaseException, task: "asyncio.Task[Any] | None") -> bool:
    """Whether an exception is how others end `task`, in which it is caught; else its own work has raised it.

    A CancelledError that nobody ordered comes from something that the task awaited, and that was cancelled.
    """
    if isinstance(error, asyncio.CancelledError):
        return task is not None and task.cancelling() > 0
    # A coroutine that is closed, or forgotten, is told so while its task is not at work.
    return isinstance(error, GeneratorExit) and _task_at_work() is not task


def _task_at_work() -> "asyncio.Task[Any] | None":
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None  # no loop runs on this thread
