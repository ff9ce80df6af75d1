"""Runs every check and every test, in lanes: `python -m tests.kit.every_test`, which is what `make test` does.

What keeps up with the clock - callers who speak aloud, calls that outlive their workers - has the cores when it wants
them, and waits most of the time. So does what measures, which comes when nothing but what only computes is left. What
waits for servers and browsers goes beside the first, at the lowest priority. What only computes takes what everybody
else leaves of the cores, to the end. What failed beside others is looked at again, alone (`tests/kit/second_look.py`).
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from tests.kit.second_look import second_look
from tests.kit.source import ROOT

CACHES = Path(".pytest_cache")

KEEPS_UP = (
    "tests/browser/test_voice.py",
    "tests/service/browser/test_spoken_conversation.py",
    "tests/service/telephony/test_spoken_calls.py",
    "tests/service/telephony/test_spoken_transfer.py",
    "tests/service/telephony/test_voicemail.py",
    "tests/service/telephony/test_azure_call.py",
    "tests/service/telephony/test_many_calls.py",
    "tests/service/cluster/test_many_workers.py",
    "tests/load/test_chaos_short.py",
    "tests/load/test_two_owners_short.py",
    "tests/load/test_listening.py",
)
"""Here engines, browsers and callers keep up with the clock, or nothing is understood."""
WAITS = ("tests/service", "tests/browser", "tests/cloud", "tests/install", "tests/eval")
"""Here servers, browsers and clouds are waited for."""
ACTORS = "tests/unit/actors"
"""Half of what only computes."""
CHECKS = "checks"
"""The lane that runs no test."""
MEASURES = "tests/load"
"""Of this folder, what is not above."""
IMPORTED = ("app", "actors", "protocol", "config", "tests/kit", "tests/cloud")
"""What every process of tests imports."""
STARVED_S = 900
"""What only computes may take so long for one test, while others want the cores."""


class Priority(Enum):
    """What stands before a command, for it to have the cores."""

    FIRST = ()
    """Whenever it wants them."""
    WAITS = ("nice", "-n", "19")
    """When those of the first priority do not want them, but for a little."""
    LAST = ("chrt", "--idle", "0")
    """When nobody wants them. Whoever does has them at once."""


@dataclass(frozen=True)
class Lane:
    """Commands that run one after the other, whatever became of those before."""

    name: str
    commands: Sequence[Sequence[str]]
    priority: Priority = Priority.FIRST


@dataclass(frozen=True)
class Lanes:
    """All that is run."""

    together: Sequence[Lane]
    """What is begun at once and goes side by side."""
    measures: Lane
    """What is begun when those have ended."""
    computes: Sequence[Lane]
    """What goes beside both."""

    def all(self) -> Sequence[Lane]:
        """Each lane, in the order in which what they say last is printed."""
        return (*self.together, self.measures, *self.computes)


def lanes(seed: str) -> Lanes:
    """The lanes of a whole run.

    Args:
        seed: Of the order of modules and tests: what failed fails again.
    """
    python = [sys.executable, "-m"]

    def tests(cache: str, *arguments: str) -> list[str]:
        # A cache for each lane, for both write down what failed. Modules stay whole: they share a server.
        order = [f"--randomly-seed={seed}", "--dist", "loadfile", "--no-loadscope-reorder"]
        return [*python, "pytest", "-o", f"cache_dir={CACHES / cache}", "--cache-clear", *order, *arguments]

    checks = [
        [*python, "ruff", "format", "--check", "."],
        [*python, "ruff", "check", "."],
        [*python, "mypy", "app", "actors", "protocol", "config", "tests"],
    ]
    waits = tests("waits", "-n", "5", *WAITS, *(f"--ignore={path}" for path in KEEPS_UP))
    measures = ("-n", "0", MEASURES, *(f"--ignore={path}" for path in KEEPS_UP if path.startswith(MEASURES)))
    patient = ("-n", "0", f"--timeout={STARVED_S}")
    rest = (f"--ignore={path}" for path in (*KEEPS_UP, *WAITS, ACTORS, MEASURES))
    return Lanes(
        together=(
            Lane("clock", [tests("clock", "-n", "2", *KEEPS_UP)]),
            Lane("waits", [waits], Priority.WAITS),
        ),
        measures=Lane("measures", [tests("measures", *measures)]),
        computes=(
            Lane(CHECKS, checks, Priority.LAST),
            Lane("actors", [tests("actors", *patient, ACTORS)], Priority.LAST),
            Lane("works", [tests("works", *patient, "tests", *rest)], Priority.LAST),
        ),
    )


@dataclass(frozen=True)
class Ending:
    """How the commands of a lane have ended, one after the other."""

    codes: Sequence[int]
    last_lines: Sequence[str]
    """What each printed last, which is where pytest counts what has passed."""


def run(lane: Lane) -> Ending:
    """Run the commands of a lane. Each line that they print has the lane's name before it."""
    began, codes, last_lines = time.monotonic(), [], []
    for command in lane.commands:
        line = "nothing\n"
        with subprocess.Popen(
            [*lane.priority.value, *command],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                print(f"{lane.name:8} | {line}", end="", flush=True)
        codes.append(process.returncode)
        last_lines.append(line.rstrip())
    print(f"{lane.name:8} | took {time.monotonic() - began:.0f} s", flush=True)
    return Ending(codes, last_lines)


def run_all(asked: Lanes) -> dict[str, Ending]:
    """Run the lanes, each when it is its turn.

    Returns:
        How each has ended, by its name.
    """
    every = asked.all()
    with ThreadPoolExecutor(len(every)) as threads:
        begun = {lane.name: threads.submit(run, lane) for lane in (*asked.together, *asked.computes)}
        wait([begun[lane.name] for lane in asked.together])
        begun[asked.measures.name] = threads.submit(run, asked.measures)
        return {lane.name: begun[lane.name].result() for lane in every}


def compile_all(folders: Sequence[Path]) -> None:
    """Compile what is in folders: on a fresh clone all processes would do it at once, each for itself."""
    subprocess.run([sys.executable, "-m", "compileall", "-q", *folders], check=True)


def main() -> int:
    """0 when everything has passed, at the second look at the latest."""
    compile_all([ROOT / folder for folder in IMPORTED])
    endings = run_all(lanes(os.environ.get("SEED") or "1"))
    for ending in endings.values():
        print(*ending.last_lines, sep="\n", flush=True)
    if any(endings.pop(CHECKS).codes):
        print("Formatting, lint or types are wrong: no second look at the tests", flush=True)
        return 1
    failed = [code for ending in endings.values() for code in ending.codes if code]
    return second_look(failed, [ROOT / CACHES / name for name in endings]) if failed else 0


if __name__ == "__main__":
    sys.exit(main())
