"""A lane of tests: commands one after the other, watched, of which nothing is lost however they end.

A lane that says nothing for longer than any of its tests may take is ended, with the stacks of its processes. What its
run of pytest had not begun is run once more; what had begun counts as failed.
"""

import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.kit.orphan_reaper import descendants, reap
from tests.kit.progress import TELLS_STACKS, Progress, read
from tests.kit.source import ROOT

STACKS_S = 3.0
"""So long for writing stacks, and for the last words after a process has ended."""
LOOKS_S = 0.5
SILENCE_S = 700.0
"""A lane that has said nothing for so long waits for ever: none of its tests may take longer."""
FAILED = 1
"""Pytest's exit code when tests have failed, and nothing else was wrong."""
ENDED_EARLY = 3
"""The code of a run that has not run all its tests, not even at the second attempt."""
NOTHING_WAS_RUN = (2, 4, 5)
"""Pytest's exit codes when it was interrupted, could not read its modules or options, or found no test."""


@dataclass(frozen=True)
class Lane:
    """Commands that run one after the other, whatever became of those before."""

    name: str
    commands: Sequence[Sequence[str]]
    niceness: int = 0
    """What is added to the niceness of this process: 0, or up to 19 for what may wait."""
    progress: Path | None = None
    """Where the only command, of pytest, writes down what it does (`tests/kit/progress.py`)."""
    silence_s: float = SILENCE_S


@dataclass(frozen=True)
class Ending:
    """How the commands of a lane have ended, one after the other."""

    codes: Sequence[int]
    last_lines: Sequence[str]
    """What each printed last, which is where pytest counts what has passed."""
    failed: Sequence[str] = field(default=())
    """Tests by node id: what failed, and what was under way when its process was ended."""


def run(lane: Lane) -> Ending:
    """Run the commands of a lane. Each line that they print has the lane's name before it."""
    began = time.monotonic()
    ending = _run_tests(lane, lane.progress) if lane.progress else _run_all(lane, lane.commands)
    print(f"{lane.name:6} | took {time.monotonic() - began:.0f} s", flush=True)
    return ending


def _run_all(lane: Lane, commands: Sequence[Sequence[str]]) -> Ending:
    ended = [_run_command(lane, command) for command in commands]
    return Ending([code for code, _ in ended], [line for _, line in ended])


def _run_tests(lane: Lane, path: Path) -> Ending:
    """Run a command of pytest, and what it has left out for whatever reason."""
    (command,), endings, failed = lane.commands, [], set()
    for attempt in ("first", "second"):
        written = path.with_suffix(f".{attempt}")
        written.unlink(missing_ok=True)
        goes_on = [] if attempt == "first" else ["--go-on-from", str(path.with_suffix(".first"))]
        ending = _run_all(lane, [[*command, "--progress", str(written), *goes_on]])
        progress = read(written)
        failed |= progress.failed
        again = progress.left if ending.codes[0] not in NOTHING_WAS_RUN else set()
        endings.append(_judged(ending, progress) if again or progress.under_way else ending)
        if not again:
            break
        _tell(lane, f"{len(again)} tests were not run", *sorted({test.partition("::")[0] for test in again}))
    else:
        endings.append(Ending([ENDED_EARLY], ["what was not run counts as failed"]))
    codes = [code for ending in endings for code in ending.codes]
    return Ending(codes, [line for ending in endings for line in ending.last_lines], sorted(failed))


def _judged(ending: Ending, progress: Progress) -> Ending:
    """The ending of a run that was not brought to its end: by its tests, not by how it was killed."""
    return Ending([FAILED if progress.failed else 0], ending.last_lines)


def _run_command(lane: Lane, command: Sequence[str]) -> tuple[int, str]:
    """Run one command.

    Returns:
        How it has ended, and the last line that it printed.
    """
    line = "nothing"
    with subprocess.Popen(
        ["nice", "-n", str(lane.niceness), *command], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        for line in _lines(process, lane):
            print(f"{lane.name:6} | {line}", flush=True)
    return process.returncode, line


def _lines(process: subprocess.Popen[bytes], lane: Lane) -> Iterator[str]:
    """What a process prints, until it has ended or been ended."""
    begun = b""
    for chunk in _chunks(process, lane):
        *whole, begun = (begun + chunk).split(b"\n")
        yield from (line.decode(errors="replace") for line in whole)
    if begun:
        yield begun.decode(errors="replace")


def _chunks(process: subprocess.Popen[bytes], lane: Lane) -> Iterator[bytes]:
    """The same in pieces. A child that it has left behind may hold its output open for ever, and is not waited for."""
    assert process.stdout is not None
    heard = time.monotonic()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            if selector.select(LOOKS_S):
                if not (chunk := os.read(process.stdout.fileno(), 65536)):
                    return
                heard = time.monotonic()
                yield chunk
            silent_s = time.monotonic() - heard
            if process.poll() is not None and silent_s > STACKS_S:
                return
            if process.poll() is None and silent_s > lane.silence_s:
                _tell(lane, f"said nothing for {silent_s:.0f} s and is ended; what its processes of tests are at:")
                yield from _ended(process)
                return


def _ended(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """Have processes of tests write their stacks, and kill them and all that they have started."""
    assert process.stdout is not None
    below = descendants(process.pid)
    for pid in (process.pid, *below):
        if _can_tell(pid):
            with suppress(OSError):
                os.kill(pid, TELLS_STACKS)
    ends_s = time.monotonic() + STACKS_S
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while (left_s := ends_s - time.monotonic()) > 0 and selector.select(left_s):
            if not (chunk := os.read(process.stdout.fileno(), 65536)):
                break
            yield chunk
    below |= descendants(process.pid)
    process.kill()
    reap(below)


def _can_tell(pid: int) -> bool:
    """Whether a process is one of Python's that catches the signal: others take it for something else."""
    with suppress(OSError):
        if not Path(f"/proc/{pid}/exe").samefile(sys.executable):
            return False
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            name, _, mask = line.partition(":")
            if name == "SigCgt":
                return bool(int(mask, 16) >> (TELLS_STACKS - 1) & 1)
    return False


def _tell(lane: Lane, *said: str) -> None:
    print(*(f"{lane.name:6} | {line}" for line in said), sep="\n", flush=True)
