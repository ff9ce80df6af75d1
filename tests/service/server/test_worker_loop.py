"""What nobody has caught on a worker's loop, and how it is told."""

import asyncio
import errno
import logging
import os
import signal
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest

from actors.runtime import failure_counters
from actors.runtime.failure_counters import Failure
from app.server.processes.worker_loop import TLS_CLOSED_S, WorkerLoop, cause, closed_in_time
from app.server.sockets.contained_connections import CONNECTION_FAILED


def raised(error: Exception) -> Exception:
    with pytest.raises(type(error)) as caught:
        fail_with(error)
    return caught.value


def fail_with(error: Exception) -> None:
    raise error


def reported(*contexts: dict[str, Any], stopping: bool = False) -> None:
    loop = WorkerLoop()
    try:
        if stopping:
            loop.be_quiet_about_cut_connections()
        for context in contexts:
            loop.call_exception_handler(context)
    finally:
        loop.close()


def test_connections_that_fail_are_one_line_without_what_the_client_sent(caplog: pytest.LogCaptureFixture) -> None:
    error = ExceptionGroup("unhandled", [ExceptionGroup("inner", [raised(ValueError("call +1 206 555 0100"))])])
    reported(*[{"message": CONNECTION_FAILED, "exception": error}] * 3)
    (line,) = caplog.records
    assert (line.levelno, line.exc_info) == (logging.WARNING, None)
    assert "ValueError, test_worker_loop.py:" in line.getMessage()
    assert "206" not in line.getMessage()


@pytest.mark.parametrize("error", [TimeoutError(errno.ETIMEDOUT, "gone"), OSError(errno.EHOSTUNREACH, "gone")])
def test_connections_that_the_network_has_lost_are_no_fault_of_the_server(
    error: OSError, caplog: pytest.LogCaptureFixture
) -> None:
    reported({"message": CONNECTION_FAILED, "exception": ExceptionGroup("unhandled", [raised(error)])})
    assert caplog.records == []
    reported({"message": CONNECTION_FAILED, "exception": raised(ssl.SSLError(1, "bad record"))})
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_connections_that_are_cut_at_the_end_are_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "app.server.processes.worker_loop")
    reported({"message": CONNECTION_FAILED, "exception": asyncio.CancelledError()}, stopping=True)
    assert [record.levelno for record in caplog.records] == [logging.INFO]


@pytest.mark.parametrize("stopping", [False, True])
def test_whatever_else_is_not_caught_is_told_without_its_words(
    stopping: bool, caplog: pytest.LogCaptureFixture
) -> None:
    error = raised(KeyError("call +1 206 555 0100"))
    reported({"message": "Task exception was never retrieved", "exception": error}, stopping=stopping)
    (line,) = caplog.records
    assert line.levelno == logging.ERROR
    assert line.getMessage().startswith("Task exception was never retrieved has failed")
    assert "KeyError at fail_with:" in line.getMessage()
    assert "206" not in line.getMessage()
    assert line.exc_info is None


def test_an_error_that_was_never_raised_has_no_place() -> None:
    assert cause(ValueError("x")) == "ValueError"


def test_the_end_of_tls_is_waited_for_a_little_and_without_tls_not_at_all() -> None:
    assert closed_in_time({"ssl": object(), "backlog": 1})["ssl_shutdown_timeout"] == TLS_CLOSED_S
    assert closed_in_time({"ssl": None, "backlog": 1}) == {"ssl": None, "backlog": 1}
    assert closed_in_time({"backlog": 1}) == {"backlog": 1}


ENDS = (SystemExit, KeyboardInterrupt, GeneratorExit)


def in_a_task(error: type[BaseException]) -> None:
    async def work() -> None:
        raise error("fake")

    STARTED.append(asyncio.get_running_loop().create_task(work()))


def in_a_task_that_waits(error: type[BaseException]) -> None:
    async def work() -> None:
        await asyncio.sleep(0.01)
        raise error("fake")

    STARTED.append(asyncio.get_running_loop().create_task(work()))


def in_a_task_of_a_task(error: type[BaseException]) -> None:
    async def inner() -> None:
        await asyncio.sleep(0)
        raise error("fake")

    async def work() -> None:
        await asyncio.get_running_loop().create_task(inner())

    STARTED.append(asyncio.get_running_loop().create_task(work()))


def in_a_callback(error: type[BaseException]) -> None:
    asyncio.get_running_loop().call_soon(fail_with_any, error)


def in_a_timer(error: type[BaseException]) -> None:
    asyncio.get_running_loop().call_later(0.01, fail_with_any, error)


def in_a_callback_of_a_task(error: type[BaseException]) -> None:
    task = asyncio.get_running_loop().create_task(asyncio.sleep(0))
    task.add_done_callback(lambda _: fail_with_any(error))
    STARTED.append(task)


def from_a_thread(error: type[BaseException]) -> None:
    loop = asyncio.get_running_loop()
    threading.Thread(target=lambda: loop.call_soon_threadsafe(fail_with_any, error)).start()


def in_an_executor(error: type[BaseException]) -> None:
    STARTED.append(asyncio.get_running_loop().run_in_executor(None, fail_with_any, error))


def when_something_can_be_read(error: type[BaseException]) -> None:
    reading, writing = os.pipe()
    loop = asyncio.get_running_loop()

    def read() -> None:
        loop.remove_reader(reading)
        os.close(reading)
        os.close(writing)
        raise error("fake")

    loop.add_reader(reading, read)
    os.write(writing, b"x")


STARTED: list[Any] = []
WAYS = (
    in_a_task,
    in_a_task_that_waits,
    in_a_task_of_a_task,
    in_a_callback,
    in_a_timer,
    in_a_callback_of_a_task,
    from_a_thread,
    in_an_executor,
    when_something_can_be_read,
)


def fail_with_any(error: type[BaseException]) -> None:
    raise error("fake")


@pytest.fixture
def loop() -> Iterator[WorkerLoop]:
    made = WorkerLoop()
    made.set_exception_handler(lambda _loop, _context: None)
    made.note_signal_handlers()
    STARTED.clear()
    yield made
    made.close()


@pytest.mark.parametrize("error", ENDS)
@pytest.mark.parametrize("way", WAYS)
def test_what_somebody_elses_work_raises_ends_that_work_and_nothing_else(
    way: Callable[[type[BaseException]], None], error: type[BaseException], loop: WorkerLoop
) -> None:
    others = 0

    async def conversation() -> None:
        nonlocal others
        for _ in range(20):
            await asyncio.sleep(0.005)
            others += 1

    async def main() -> str:
        talking = asyncio.create_task(conversation())
        way(error)
        await talking
        for work in STARTED:
            await asyncio.wait([work], timeout=1)
        return "drained"

    assert loop.run_until_complete(main()) == "drained"
    assert others == 20


@pytest.mark.parametrize("error", ENDS)
def test_whoever_awaits_that_work_is_told(error: type[BaseException], loop: WorkerLoop) -> None:
    async def work() -> None:
        await asyncio.sleep(0)
        raise error("fake")

    async def main() -> BaseException | None:
        try:
            await asyncio.create_task(work())
        except ENDS as told:
            return told
        return None

    assert isinstance(loop.run_until_complete(main()), error)


def test_it_is_one_line_that_names_the_place_and_counts_each(
    loop: WorkerLoop, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = mock.Mock()
    monkeypatch.setattr(failure_counters, "_counters", {Failure.BACKGROUND: counter})

    async def main() -> None:
        for _ in range(3):
            in_a_callback(SystemExit)
            await asyncio.sleep(0.01)

    with caplog.at_level(logging.INFO):
        loop.run_until_complete(main())
    (line,) = caplog.records
    assert "SystemExit, test_worker_loop.py:" in line.getMessage()
    assert counter.add.call_count == 3


def test_signals_are_obeyed_afterwards(loop: WorkerLoop) -> None:
    async def main() -> None:
        ordered = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ordered.set)
        for _ in range(3):
            in_a_task(SystemExit)
            await asyncio.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(5):
            await ordered.wait()

    loop.run_until_complete(main())


@pytest.mark.parametrize("error", ENDS[:2])
def test_what_the_worker_itself_raises_ends_it(error: type[BaseException], loop: WorkerLoop) -> None:
    async def main() -> None:
        raise error("the worker's own")

    with pytest.raises(error):
        loop.run_until_complete(main())


def test_a_second_interrupt_during_the_start_ends_it() -> None:
    # By a runner, as a worker has one: it cancels what was interrupted.
    with asyncio.Runner(loop_factory=WorkerLoop) as runner, pytest.raises(KeyboardInterrupt):
        runner.run(_interrupted())


async def _interrupted() -> None:
    asyncio.get_running_loop().call_soon(fail_with_any, KeyboardInterrupt)
    await asyncio.sleep(5)
