"""Plain functions as tools: what hangs is bounded, told, and waited for by nobody. On real time and real threads."""

import asyncio
import contextvars
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from actors.runtime.tool_threads import THREADS, ToolThreads, ToolThreadsBusyError
from actors.tools import AnyTool, ToolContext, ToolOutcome, tool

CONTEXT = ToolContext(session_id="s1")


@pytest.fixture
def released() -> Iterator[threading.Event]:
    """What hanging calls wait for; set at the end, so that no thread outlives its test."""
    event = threading.Event()
    yield event
    event.set()


def hanging(event: threading.Event, name: str = "slow", timeout_s: float = 0.6) -> AnyTool:
    def wait() -> str:
        event.wait(30)
        return "done"

    return tool(name=name, timeout_s=timeout_s)(wait)


async def all_hang(slow: AnyTool) -> list[ToolOutcome]:
    return await asyncio.gather(*(slow.run("{}", CONTEXT) for _ in range(THREADS)))


async def test_tools_that_hang_starve_no_other(released: threading.Event) -> None:
    @tool
    def quick() -> str:
        return "here"

    for name in ("a", "b", "c", "d", "e", "f", "g", "h"):
        await all_hang(hanging(released, name))
    async with asyncio.timeout(30):
        assert (await quick.run("{}", CONTEXT)).result == "here"


async def test_calls_of_a_tool_that_hangs_are_refused_at_once_with_a_reason(
    released: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    slow = hanging(released)
    for outcome in await all_hang(slow):
        assert "slow took longer than 0.6 seconds" in outcome.result["error"]
    # The threads began a little later than their calls, and so are a little younger.
    await asyncio.sleep(0.6)
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        refused = await slow.run("{}", CONTEXT)
    assert refused.failed
    assert "its service is not answering" in refused.result["error"]
    assert [record.getMessage() for record in caplog.records] == [f"tool slow is refused: {THREADS} calls of slow hang"]


async def test_a_tool_whose_calls_come_back_is_called_again(released: threading.Event) -> None:
    slow = hanging(released)
    await all_hang(slow)
    released.set()
    for _ in range(50):
        if not (outcome := await slow.run("{}", CONTEXT)).failed:
            break
        await asyncio.sleep(0.01)
    assert outcome.result == "done"


async def test_a_burst_of_calls_takes_turns(released: threading.Event) -> None:
    running: list[int] = []
    most: list[int] = []
    counting = threading.Lock()

    @tool
    def busy() -> str:
        with counting:
            running.append(1)
            most.append(len(running))
        time.sleep(0.02)
        with counting:
            running.pop()
        return "done"

    outcomes = await asyncio.gather(*(busy.run("{}", CONTEXT) for _ in range(3 * THREADS)))
    assert [outcome.result for outcome in outcomes] == ["done"] * 3 * THREADS
    assert 1 < max(most) <= THREADS


def test_more_calls_than_may_wait_are_refused(released: threading.Event) -> None:
    threads = ToolThreads("slow", 60, threads=1, waiting=2)
    futures = [threads.submit(released.wait, 30)]
    while not futures[0].running():
        time.sleep(0.001)
    futures += [threads.submit(released.wait, 30) for _ in range(2)]
    with pytest.raises(ToolThreadsBusyError, match="2 calls of slow wait already"):
        threads.submit(released.wait, 30)
    released.set()
    assert [future.result(5) for future in futures] == [True, True, True]


def test_a_call_that_was_cancelled_while_it_waited_is_not_run(released: threading.Event) -> None:
    threads = ToolThreads("slow", 60, threads=1)
    ran: list[int] = []
    first = threads.submit(released.wait, 30)
    second, third = threads.submit(ran.append, 2), threads.submit(ran.append, 3)
    assert second.cancel()
    released.set()
    assert first.result(5)
    third.result(5)
    assert ran == [3]


async def test_a_call_sees_the_context_of_its_caller() -> None:
    variable = contextvars.ContextVar("variable", default="nothing")

    @tool
    def look() -> str:
        return variable.get()

    variable.set("the caller's")
    assert (await look.run("{}", CONTEXT)).result == "the caller's"


async def test_a_tool_that_exits_ends_only_its_call() -> None:
    @tool
    def leave() -> str:
        sys.exit(3)

    assert (await leave.run("{}", CONTEXT)).result == {"error": "the tool leave failed"}


async def test_a_tool_whose_iterator_is_empty_fails_and_does_not_hang() -> None:
    @tool(timeout_s=30)
    def first() -> str:
        return next(iter(()))

    async with asyncio.timeout(20):
        assert (await first.run("{}", CONTEXT)).result == {"error": "the tool first failed"}


def test_a_process_ends_though_a_call_hangs() -> None:
    program = (
        "import asyncio, time\n"
        "from actors.tools import ToolContext, tool\n"
        "@tool(timeout_s=0.1)\n"
        "def slow() -> str:\n"
        "    time.sleep(600)\n"
        "    return ''\n"
        "print(asyncio.run(slow.run('{}', ToolContext(session_id='s'))).failed)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "True\n"
    assert done.stderr.count("\n") <= 1


def test_every_call_has_a_thread_as_long_as_there_may_be_more(released: threading.Event) -> None:
    for _ in range(200):
        threads = ToolThreads("slow", 60)
        futures = [threads.submit(released.wait, 30) for _ in range(THREADS)]
        deadline = time.monotonic() + 5
        while not all(future.running() for future in futures):
            assert time.monotonic() < deadline, "a call waits though a thread could be started"
            time.sleep(0.001)
