"""Others' work has so much time, whatever it makes of its cancellation, and what it comes to counts."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from actors.runtime.clock import run_virtual
from actors.runtime.time_limit import GRACE_S, OverdueError, within
from tests.kit.heedless import Heedless


async def nap(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "rested"


def timed(work: Callable[[Heedless], Awaitable[Any]], seconds: float = 5.0) -> tuple[Any, float]:
    """What became of the work, and after how many seconds; nothing of it is left."""

    async def main() -> tuple[Any, float]:
        loop, heedless = asyncio.get_running_loop(), Heedless()
        before = len(asyncio.all_tasks())
        try:
            came: Any = await within(seconds, work(heedless))
        except BaseException as error:  # noqa: BLE001 - it is what is looked at
            came = error
        at = loop.time()
        heedless.free()
        await asyncio.sleep(0.1)
        assert len(asyncio.all_tasks()) == before
        return came, at

    return run_virtual(main())


def test_what_the_work_returns_is_returned_and_whatever_it_raises_is_raised() -> None:
    async def fails(error: type[BaseException]) -> None:
        raise error

    assert timed(lambda _: nap(1)) == ("rested", 1)
    for error in (TimeoutError, SystemExit, GeneratorExit, asyncio.CancelledError, StopAsyncIteration):
        came, at = timed(lambda _, error=error: fails(error))  # type: ignore[misc]
        assert (type(came), at) == (error, 0)


def test_it_may_be_the_closing_of_an_iterator() -> None:
    async def numbers() -> AsyncIterator[int]:
        yield 1

    events: Any = numbers()
    assert timed(lambda _: events.aclose()) == (None, 0)


def test_what_is_not_done_in_time_is_cancelled() -> None:
    came, at = timed(lambda _: nap(60))
    assert (type(came), at) == (OverdueError, 5)


def test_what_heeds_no_cancellation_is_left_to_itself() -> None:
    came, at = timed(Heedless.work)
    assert (type(came), at) == (OverdueError, 5 + GRACE_S)


@pytest.mark.parametrize("ends", ["returns", "raises"])
def test_what_comes_in_the_grace_counts_but_for_a_failure(ends: str) -> None:
    async def cleans_up() -> str:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(GRACE_S / 2)
            if ends == "returns":
                return "half"  # noqa: B012 - as some tools do
            raise RuntimeError

    came, at = timed(lambda _: cleans_up())
    assert at == 5 + GRACE_S / 2
    assert came == "half" if ends == "returns" else type(came) is OverdueError


@pytest.mark.parametrize("heeds", [True, False])
def test_who_waits_for_it_may_be_cancelled(heeds: bool) -> None:
    async def main() -> float:
        loop, heedless = asyncio.get_running_loop(), Heedless()
        task = asyncio.create_task(within(60, nap(30) if heeds else heedless.work()))
        await asyncio.sleep(2)
        task.cancel()
        await asyncio.wait([task])
        at = loop.time()
        assert task.cancelled()
        heedless.free()
        await asyncio.sleep(0.1)
        return at

    assert run_virtual(main()) == (2 if heeds else 2 + GRACE_S)
