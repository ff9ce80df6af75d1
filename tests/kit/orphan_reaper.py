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

LOOK_S = 1.0
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
    return parent_and_beginning(pid)[1]


def parent_and_beginning(pid: int) -> tuple[int, str]:
    """The process that has started another, or has it since that one ended, and when it began; 0 and "" if it ended."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as told:
            rest = told.read().rpartition(")")[2].split()
    except OSError:
        return 0, ""
    return int(rest[1]), rest[19]


class Noted:
    """The processes below one, each with when it began, as they come and go.

    Each of them is looked at once, when it is new: all browsers and servers of a test run have hundreds of threads, and
    whoever asks each for its children every time takes more processor time than most tests.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._parents: dict[int, int] = {}
        self.since: dict[int, str] = {}

    def look(self) -> None:
        """Note what has begun and forget what has ended since the last look."""
        there = {int(name) for name in os.listdir("/proc") if name.isdigit()} - {os.getpid()}
        self._parents = {pid: parent for pid, parent in self._parents.items() if pid in there}
        self.since = {pid: began for pid, began in self.since.items() if pid in there}
        new = {pid: parent_and_beginning(pid) for pid in there - self._parents.keys()}
        # One whose parent is not in sight yet is looked at again.
        self._parents |= {pid: parent for pid, (parent, _) in new.items() if parent in there or not parent}
        self.since |= {pid: began for pid, (_, began) in new.items() if self._is_below(pid)}

    def _is_below(self, pid: int) -> bool:
        while pid in self._parents and pid != self._pid:
            pid = self._parents[pid]
            if pid in self.since or pid == self._pid:
                return True
        return False


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
    noted = Noted(pid)
    while not select.select([sys.stdin], [], [], LOOK_S)[0]:
        noted.look()
    reap(noted.since | descendants(pid))


if __name__ == "__main__":
    main(int(sys.argv[1]))
