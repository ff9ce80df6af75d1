"""A worker process as the launcher sees it: its first line, its signs of life, and the orders it is given."""

import asyncio
import logging
import socket
import sys
from collections.abc import Awaitable, Callable

import pytest

from app.server.processes.worker_process import LOOKS_PER_TIMEOUT, WorkerProcess

WORKER = """
import socket, sys, time
line = socket.socket(fileno=int(sys.argv[1])).makefile("rwb", buffering=0)
{act}
"""


def with_worker(act: str, see: Callable[[WorkerProcess], Awaitable[None]]) -> None:
    """Start a process that does `act` with its end of the line, and have it ended after `see`."""

    async def main() -> None:
        ours, theirs = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=ours)
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", WORKER.format(act=act), str(theirs.fileno()), pass_fds=[theirs.fileno()]
            )
        worker = WorkerProcess(process, reader, writer)
        try:
            async with asyncio.timeout(30):
                await see(worker)
        finally:
            worker.kill()
            await process.wait()
            await worker.hang_up()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("act", "ready", "fault"),
    [
        ("line.write(b'ready\\n')", True, ""),
        ("line.write(b'PORT is no number\\n')", False, "PORT is no number"),
        ("pass", False, ""),
    ],
    ids=["ready", "a fault", "died"],
)
def test_the_first_line_says_whether_it_serves(act: str, ready: bool, fault: str) -> None:
    async def see(worker: WorkerProcess) -> None:
        await worker.heard()
        assert (worker.is_ready, worker.fault) == (ready, fault)

    with_worker(act, see)


@pytest.mark.parametrize(("slow_s", "told"), [(0.1, 1), (60.0, 0)])
def test_one_that_is_slow_to_start_is_told_of_and_waited_for(
    slow_s: float, told: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("app.server.processes.worker_process.SLOW_START_S", slow_s)

    async def see(worker: WorkerProcess) -> None:
        await worker.heard()
        assert (worker.is_ready, worker.fault) == (True, "")

    with caplog.at_level(logging.INFO):
        with_worker("time.sleep(0.5); line.write(b'ready\\n')", see)
    assert caplog.text.count("a worker is slow to start") == told


def test_one_that_says_nothing_is_ended_with_that_as_its_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.server.processes.worker_process.START_LIMIT_S", 0.2)

    async def see(worker: WorkerProcess) -> None:
        await worker.heard()
        assert worker.fault == "a worker was not ready within 0.2 s"
        assert await worker.process.wait() < 0

    with_worker("time.sleep(60)", see)


def test_signs_of_life_and_lines_too_long_are_left_out_of_what_it_says() -> None:
    async def see(worker: WorkerProcess) -> None:
        assert [line async for line in worker.lines()] == [b"one\n", b"two\n"]

    with_worker("line.write(b'one\\nbeat\\n' + b'x' * 200_000 + b'\\ntwo\\n')", see)


def test_of_one_that_dies_before_it_has_read_what_it_was_told_nothing_more_is_heard() -> None:
    async def see(worker: WorkerProcess) -> None:
        heard = []
        async for line in worker.lines():
            heard.append(line)
            worker.tell(b"never read\n")
        assert heard == [b"one\n"]

    # Its end of the pipe is closed with something in it: the launcher's is reset.
    with_worker("import select; line.write(b'one\\n'); select.select([line], [], [])", see)


def test_a_worker_that_goes_silent_is_noticed_and_one_that_beats_is_not() -> None:
    async def see(worker: WorkerProcess) -> None:
        async def listen() -> None:
            async for _ in worker.lines():
                pass

        listening = asyncio.create_task(listen())
        silent = asyncio.create_task(worker.silent(0.5))
        await asyncio.wait([silent], timeout=1.5)
        beating = silent.done()
        worker.tell(b"hush\n")
        await silent
        assert not beating
        listening.cancel()

    beats = "import threading\nhush = threading.Event()\n"
    beats += "threading.Thread(target=lambda: (line.readline(), hush.set()), daemon=True).start()\n"
    beats += f"while not hush.wait({0.5 / LOOKS_PER_TIMEOUT / 4}): line.write(b'beat\\n')\ntime.sleep(60)"
    with_worker(beats, see)


def test_a_worker_that_is_ready_drains_and_is_told_nothing_more() -> None:
    async def see(worker: WorkerProcess) -> None:
        await worker.heard()
        worker.tell(b"before\n")
        worker.drain()
        worker.tell(b"after\n")
        assert [line async for line in worker.lines()] == [b"before\n"]
        assert await worker.process.wait() == 0

    with_worker("line.write(b'ready\\n')\nline.write(line.readall())", see)


def test_one_that_is_not_ready_has_nothing_to_drain_and_is_ended() -> None:
    async def see(worker: WorkerProcess) -> None:
        worker.drain()
        assert await worker.process.wait() < 0
        worker.kill()

    with_worker("time.sleep(60)", see)
