"""What others' work raises is reported, whatever it is, and ends neither the loop nor a task that waits for nobody."""

import asyncio
import gc
from collections.abc import Coroutine
from typing import Any

import pytest

from actors.runtime.clock import run_virtual
from actors.runtime.containment import start_contained

RAISED = (RuntimeError, SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError, StopAsyncIteration)


def contained(work: Coroutine[Any, Any, Any], reported: list[BaseException]) -> "asyncio.Task[Any]":
    return start_contained(asyncio.get_running_loop(), work, reported.append, "work")


@pytest.mark.parametrize("raised", RAISED)
@pytest.mark.parametrize("after_s", [0.0, 1.0])
def test_whatever_work_raises_is_reported_once(
    raised: type[BaseException], after_s: float, caplog: pytest.LogCaptureFixture
) -> None:
    async def work() -> None:
        if after_s:
            await asyncio.sleep(after_s)
        raise raised

    async def main() -> list[BaseException]:
        reported: list[BaseException] = []
        task = contained(work(), reported)
        await asyncio.wait([task])
        assert not task.cancelled()
        assert task.exception() is None
        return reported

    assert [type(error) for error in run_virtual(main())] == [raised]
    gc.collect()
    assert caplog.text == ""


def test_what_work_returns_is_the_tasks_result() -> None:
    async def main() -> Any:
        return await contained(asyncio.sleep(1, "done"), [])

    assert run_virtual(main()) == "done"


@pytest.mark.parametrize("begun", [True, False])
def test_a_task_that_is_cancelled_ends_as_one_and_reports_nothing(begun: bool) -> None:
    async def main() -> list[BaseException]:
        reported: list[BaseException] = []
        task = contained(asyncio.sleep(10), reported)
        if begun:
            await asyncio.sleep(1)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        return reported

    assert run_virtual(main()) == []
    gc.collect()  # a coroutine that was never awaited would warn, which is an error


def test_a_coroutine_that_is_closed_reports_nothing() -> None:
    async def main() -> list[BaseException]:
        reported: list[BaseException] = []

        task = contained(asyncio.sleep(10), reported)
        await asyncio.sleep(1)
        work: Any = task.get_coro()
        work.close()  # as the end of a loop does, while another task is at work
        return reported

    assert run_virtual(main()) == []
