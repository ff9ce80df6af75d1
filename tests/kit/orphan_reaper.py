"""Kills what a test run leaves behind that was killed itself: `python orphan_reaper.py PID`, until its input ends.

A run that ends in order looks after its children (`tests/conftest.py`). One that pytest-timeout or the kernel ends can
not, and servers, browsers and emulators of its tests would run on beside all later ones.
"""

import os
import select
import signal
import sys
from contextlib import suppress
from pathlib import Path

LOOK_S = 0.5
"""How often it is noted which processes there are: only while a process has a parent is it known whose it is."""


def watch_this_process() -> None:
    """Start a reaper of this process's descendants, in a session of its own: a signal for all of the run spares it.

    Its input is a pipe that stays open as long as this process lives.
    """
    reads, _ = os.pipe()
    command = [sys.executable, "-I", "-S", __file__, str(os.getpid())]
    # Not a `Popen`, which would complain at the end of this process that the reaper outlives it: that is its purpose.
    os.posix_spawn(
        sys.executable,
        command,
        os.environ,
        file_actions=[(os.POSIX_SPAWN_DUP2, reads, 0), (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
        setsid=True,
    )
    os.close(reads)


def descendants(pid: int) -> dict[int, str]:
    """The processes below this one, each with when it began: with that, its number means no other."""
    found: dict[int, str] = {}
    # Any of them, and any of its threads, may end while it is looked at.
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return found
    for thread in threads:
        with suppress(OSError):
            for child in map(int, (thread / "children").read_text().split()):
                if child != os.getpid():
                    found |= {child: began(child)} | descendants(child)
    return found


def began(pid: int) -> str:
    """When a process began, in the kernel's ticks; empty if it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""


def reap(noted: dict[int, str]) -> None:
    """Kill the processes that were noted, and what they have started since."""
    left = {pid: since for pid, since in noted.items() if since and began(pid) == since}
    for pid in list(left):
        left |= descendants(pid)
    for pid, since in left.items():
        if began(pid) == since:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)


def main(pid: int) -> None:
    """Note the descendants of a process until standard input ends, and reap them then."""
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)
    noted: dict[int, str] = {}
    while not select.select([sys.stdin], [], [], LOOK_S)[0]:
        noted = descendants(pid) or noted
    reap(noted | descendants(pid))


if __name__ == "__main__":
    main(int(sys.argv[1]))
