"""Kills what a test run leaves behind that was killed itself: `python orphan_reaper.py PID`, until its input ends.

A run that ends in order looks after its children (`tests/conftest.py`). One that pytest-timeout or the kernel ends can
not, and servers, browsers and emulators of its tests would run on beside all later ones.

All processes of tests below one that is watched share its reaper: each has its mark read there, a line each, and when
it ends, what it leaves is killed. A reaper of its own for each would look through all processes as often.

What a watched process starts is known by its environment, and where that is not inherited, as soon as it was noted.
"""

import os
import select
import signal
import stat
import sys
from contextlib import suppress
from pathlib import Path

LOOK_S = 1.0
"""How often it is noted which processes there are: only while a process has a parent is it known whose it is."""


STARTED_BY = "STARTED_BY_TESTS"
"""The variable of the environment by which what a watched process starts is known: its mark."""
INPUT = "ORPHAN_REAPER"
"""The variable of the environment in which a watched process tells those below it where its reaper reads."""


def watch_this_process() -> None:
    """Have the descendants of this process killed when it has ended: by the reaper that the environment names, or by
    one that this starts, in a session of its own: a signal for all of the run spares it.

    Its input is a pipe that stays open as long as the process that has started it lives.
    """
    if _is_watched_by(os.environ.get(INPUT, "")):
        os.environ[STARTED_BY] = mark(os.getpid())
        return
    reads, writes = os.pipe()
    command = [sys.executable, "-I", "-S", __file__, mark(os.getpid())]
    # Not a `Popen`, which would complain at the end of this process that the reaper outlives it: that is its purpose.
    os.posix_spawn(
        sys.executable,
        command,
        os.environ,
        file_actions=[(os.POSIX_SPAWN_DUP2, reads, 0), (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
        setsid=True,
    )
    os.close(reads)
    os.environ[INPUT] = f"/proc/{os.getpid()}/fd/{writes}"
    os.environ[STARTED_BY] = mark(os.getpid())


def _is_watched_by(path: str) -> bool:
    """Tell a reaper that reads here to watch this process; False if there is none, or not any more."""
    try:
        # Without waiting: a pipe that nobody reads is an error then.
        pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        is_pipe = stat.S_ISFIFO(os.fstat(pipe).st_mode)
        return is_pipe and os.write(pipe, mark(os.getpid()).encode() + b"\n") > 0
    except OSError:
        return False
    finally:
        os.close(pipe)


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


def mark(pid: int) -> str:
    """What no other process has: the id of this one and when it began."""
    return f"{pid}-{began(pid)}"


def process_of(marked: str) -> int:
    """The id of the process that has this mark."""
    return int(marked.partition("-")[0])


def started_by(marked: str) -> dict[int, str]:
    """The processes that have inherited the environment of the one with this mark, each with when it began."""
    wanted, found = f"\0{STARTED_BY}={marked}\0".encode(), {}
    for pid in (int(name) for name in os.listdir("/proc") if name.isdigit()):
        with suppress(OSError):  # it has ended, or is another user's
            if wanted in b"\0" + Path(f"/proc/{pid}/environ").read_bytes() + b"\0":
                found[pid] = began(pid)
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
        self._watched = {pid}
        self._parents: dict[int, int] = {}
        self._above: dict[int, int] = {}
        """By process the next above it that is watched; its parent may have ended since it was noted."""
        self.since: dict[int, str] = {}

    def watch(self, pid: int) -> None:
        """From now on, note which processes are below this one, too."""
        self._watched.add(pid)

    def look(self) -> None:
        """Note what has begun and forget what has ended since the last look."""
        there = {int(name) for name in os.listdir("/proc") if name.isdigit()} - {os.getpid()}
        self._parents = {pid: parent for pid, parent in self._parents.items() if pid in there}
        self._above = {pid: watched for pid, watched in self._above.items() if pid in there}
        self.since = {pid: began for pid, began in self.since.items() if pid in there}
        new = {pid: parent_and_beginning(pid) for pid in there - self._parents.keys()}
        # One whose parent is not in sight yet is looked at again.
        self._parents |= {pid: parent for pid, (parent, _) in new.items() if parent in there or not parent}
        for pid, (_, began) in new.items():
            if watched := self._watched_above(pid):
                self._above[pid], self.since[pid] = watched, began

    def end(self, pid: int) -> dict[int, str]:
        """Watch a process no longer; returns what was below it and below none that is watched between the two."""
        self._watched.discard(pid)
        return {left: self.since[left] for left, watched in self._above.items() if watched == pid}

    def _watched_above(self, pid: int) -> int:
        """The next process above this one that is watched; 0 if there is none."""
        # No further than there are processes: of one that has ended another may have the id, and be below this one.
        for _ in range(len(self._parents)):
            if (pid := self._parents.get(pid, 0)) in self._watched:
                return pid
            if pid in self._above:
                return self._above[pid]
        return 0


def reap(noted: dict[int, str]) -> None:
    """Kill the processes that were noted, and what they have started since."""
    left = {pid: since for pid, since in noted.items() if since and began(pid) == since}
    for pid in list(left):
        left |= descendants(pid)
    for pid, since in left.items():
        if began(pid) == since:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)


class Reaper:
    """Watches a process until standard input ends, and those whose marks are read there, each until it has ended."""

    def __init__(self, marked: str) -> None:
        self._pid, self._mark = process_of(marked), marked
        self._noted = Noted(self._pid)
        self._watched: dict[int, tuple[int, str]] = {}
        """By a descriptor that is readable when it has ended, the id and the mark of a process."""
        self._begun = b""

    def run(self) -> None:
        """Note descendants, and reap those of each watched process when it has ended."""
        while True:
            ready, _, _ = select.select([0, *self._watched], [], [], LOOK_S)
            if 0 in ready and not self._read():
                reap(self._noted.since | descendants(self._pid) | started_by(self._mark))
                return
            for descriptor in set(ready) - {0}:
                os.close(descriptor)
                ended, marked = self._watched.pop(descriptor)
                reap(self._noted.end(ended) | started_by(marked))
            self._noted.look()

    def _read(self) -> bytes:
        """Watch the processes whose marks have come; nothing at the end of the input."""
        chunk = os.read(0, 4096)
        *lines, self._begun = (self._begun + chunk).split(b"\n")
        for marked in (line.decode() for line in lines):
            pid = process_of(marked)
            try:
                self._watched[os.pidfd_open(pid)] = pid, marked
            except OSError:  # it has ended
                reap(started_by(marked))
            else:
                self._noted.watch(pid)
        return chunk


def main(marked: str) -> None:
    """Note the descendants of a process until standard input ends, and reap them then."""
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)
    Reaper(marked).run()


if __name__ == "__main__":
    main(sys.argv[1])
