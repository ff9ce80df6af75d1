"""A worker whose launcher has died: told on its loop, and never one that outlives the time it was given."""

import socket
import subprocess
import sys

import pytest

from app.server.processes.orphan import ORPHANED_STATUS
from tests.kit.source import ROOT

WORKER = """
import asyncio, socket, sys, time
from app.server.processes.orphan import OrphanWatch

watch = OrphanWatch(socket.socket(fileno=int(sys.argv[1])))

async def main():
    over = asyncio.Event()
    def orphaned():
        print("told", flush=True)
        {told}
    {serve}
    watch.start()
    print("up", flush=True)
    {work}

asyncio.run(main())
print("ended by itself", flush=True)
"""
SERVE = "watch.serve(orphaned, loop_timeout_s=0.3, grace_s=0.3)"


class Worker:
    def __init__(self, *, told: str = "over.set()", serve: str = SERVE, work: str = "await over.wait()") -> None:
        self.line, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-c", WORKER.format(told=told, serve=serve, work=work), str(theirs.fileno())],
                cwd=ROOT,
                pass_fds=[theirs.fileno()],
                stdout=subprocess.PIPE,
                text=True,
            )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "up\n"

    def ended(self) -> tuple[str, int]:
        """What it said until its end, and its status."""
        try:
            said, _ = self.process.communicate(timeout=30)
        finally:
            self.process.kill()
            self.line.close()
        return said, self.process.returncode


def test_a_worker_whose_launcher_dies_is_told_and_ends_as_it_likes() -> None:
    worker = Worker()
    worker.line.close()
    assert worker.ended() == ("told\nended by itself\n", 0)


def test_an_order_to_drain_is_no_death() -> None:
    worker = Worker(work="await asyncio.sleep(0.5)")
    worker.line.shutdown(socket.SHUT_WR)
    assert worker.ended() == ("ended by itself\n", 0)


@pytest.mark.parametrize(
    ("serve", "work", "said"),
    [
        ("", "await asyncio.sleep(60)", ""),
        (SERVE, "time.sleep(60)", ""),
        (SERVE, "await asyncio.sleep(60)", "told\n"),
    ],
    ids=["not serving yet", "a loop that stands still", "a drain that takes too long"],
)
def test_one_that_does_not_end_is_ended(serve: str, work: str, said: str) -> None:
    worker = Worker(told="pass", serve=serve, work=work)
    worker.line.close()
    assert worker.ended() == (said, ORPHANED_STATUS)
