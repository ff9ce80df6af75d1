"""An event that happens once: those who wait are woken, and it stays."""

import asyncio
import sys

from app.one_shot_event import OneShotEvent


async def test_all_who_wait_are_woken_and_nobody_waits_after_that() -> None:
    event, woken = OneShotEvent(), list[str]()

    async def wait(name: str) -> None:
        await event.wait()
        woken.append(name)

    async with asyncio.TaskGroup() as waiting:
        for name in ("first", "second"):
            waiting.create_task(wait(name))
        await asyncio.sleep(0)
        assert (event.is_set(), woken) == (False, [])
        event.set()
    event.set()
    async with asyncio.timeout(1):
        await event.wait()
    assert (event.is_set(), woken) == (True, ["first", "second"])


async def test_one_who_waits_no_longer_keeps_nobody_else_from_it() -> None:
    event = OneShotEvent()
    given_up, waiting = (asyncio.ensure_future(event.wait()) for _ in range(2))
    await asyncio.sleep(0)
    given_up.cancel()
    event.set()
    await asyncio.wait([given_up, waiting])
    assert (given_up.cancelled(), waiting.cancelled(), waiting.exception()) == (True, False, None)


def test_it_takes_little_while_nobody_waits() -> None:
    event = OneShotEvent()
    assert sys.getsizeof(event) + sys.getsizeof(event._waiters) < 150
