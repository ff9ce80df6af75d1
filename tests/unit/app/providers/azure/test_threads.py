"""Threads for calls that block: bounded, in order where asked, and none that keeps a process from ending."""

import asyncio
import threading

import pytest

from app.providers.azure.threads import QUICK_THREADS, SdkThreads


async def test_no_more_threads_than_there_may_be() -> None:
    threads = SdkThreads("test")
    running, most, lock, go_on = 0, 0, threading.Lock(), threading.Event()

    def act() -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        go_on.wait(30)
        with lock:
            running -= 1
        return 1

    acts = [asyncio.ensure_future(threads.run(act)) for _ in range(4 * QUICK_THREADS)]
    await asyncio.sleep(0.05)
    go_on.set()
    assert sum(await asyncio.gather(*acts)) == 4 * QUICK_THREADS
    assert most == QUICK_THREADS
    await threads.close(1)


async def test_what_nobody_waits_for_any_more_is_undone() -> None:
    threads = SdkThreads("test")
    go_on, undone = threading.Event(), threading.Event()

    def make() -> str:
        go_on.wait(30)
        return "made"

    making = asyncio.ensure_future(threads.run(make, lambda made: undone.set()))
    await asyncio.sleep(0.01)
    making.cancel()
    with pytest.raises(asyncio.CancelledError):
        await making
    go_on.set()
    assert await asyncio.to_thread(undone.wait, 5)
    await threads.close(1)


async def test_things_in_order_are_done_in_order() -> None:
    threads = SdkThreads("test")
    done: list[int] = []
    over = threading.Event()
    begin = threads.in_order()
    for number in range(200):
        begin(lambda number=number: done.append(number))  # type: ignore[misc]
    begin(over.set)
    assert await asyncio.to_thread(over.wait, 5)
    assert done == list(range(200))
    await threads.close(1)


async def test_a_failure_is_that_of_who_waits_or_else_logged(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> None:
        raise RuntimeError("with a secret in it")

    threads = SdkThreads("test")
    with pytest.raises(RuntimeError):
        await threads.run(broken)
    threads.leave(broken)
    await threads.close(1)
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text


async def test_what_is_let_go_of_is_so_though_nobody_waits() -> None:
    threads = SdkThreads("test")
    gone = threading.Event()
    waiting = asyncio.ensure_future(asyncio.wait_for(asyncio.wrap_future(threads.leave(gone.set)), 30))
    await asyncio.sleep(0)
    waiting.cancel()
    assert await asyncio.to_thread(gone.wait, 60)
    await threads.close(1)


async def test_closing_waits_and_not_for_ever() -> None:
    threads = SdkThreads("test")
    go_on = threading.Event()

    def let_go() -> None:
        go_on.wait(60)

    left = threads.leave(let_go)
    await threads.close(0.05)
    assert not left.done(), "closing has waited for it"
    assert threads.leave(lambda: None).cancelled()
    go_on.set()
    await asyncio.wrap_future(left)
