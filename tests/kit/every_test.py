"""Runs every check and every test, in lanes: `python -m tests.kit.every_test`, which is what `make test` does.

First comes what keeps up with the clock - callers who speak aloud, calls that outlive their workers - and beside it, at
the lowest priority, what only computes. Then comes what waits for servers and browsers, several at once, for nothing
else is done meanwhile, and fewer where the machine is slow. What measures comes last and has the machine for itself.
What failed beside others is looked at again, alone (`tests/kit/second_look.py`).
"""

import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.kit import pace
from tests.kit.lane import SILENCE_S, Ending, Lane, run
from tests.kit.orphan_reaper import watch_this_process
from tests.kit.second_look import second_look
from tests.kit.source import ROOT

MAY_WAIT = 19
"""The lowest priority that nice(1) knows."""
CACHES = Path(".pytest_cache")
TALKS_S = 1260.0
"""How long nothing may be heard of those who speak aloud: the longest of their tests may take 1200 s."""

KEEPS_UP = (
    "tests/browser/test_voice.py",
    "tests/browser/test_voice_again.py",
    "tests/browser/test_voice_elsewhere.py",
    "tests/browser/test_cough.py",
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
    "tests/load/test_latency_short.py",
    "tests/load/test_local.py",
    "tests/load/test_kinds.py",
)
"""Here engines, browsers and callers keep up with the clock, or nothing is understood."""
TELEPHONES = ("tests/service/telephony", "tests/service/cluster", "tests/service/providers")
"""Here servers and clouds are waited for nearly all the time."""
SERVES = (
    "tests/service/server",
    "tests/service/api",
    "tests/service/browser",
    "tests/service/contract",
    "tests/service/mcp",
    "tests/service/actors",
    "tests/service/records",
)
"""Half of the other tests that start servers."""
WAITS = ("tests/service", "tests/browser", "tests/cloud", "tests/install")
"""Here servers, browsers and clouds are waited for; what is above is part of it."""
ACTORS = ("tests/unit/actors", "tests/eval")
"""Half of what only computes."""
MOST = 5
"""How many processes of one lane wait side by side where the machine is quick."""
CHECKS = "checks"
"""The lane that runs no test."""
MEASURES = "tests/load"
"""Of this folder, what is not above."""


def lanes(seed: str, slower: float = 1.0) -> Sequence[Sequence[Lane]]:
    """What goes side by side, one such group after the other.

    Args:
        seed: Of the order of modules and tests: what failed fails again.
        slower: How many times as slow as a quick one this machine is.
    """
    python = [sys.executable, "-m"]

    def tests(name: str, *arguments: str, niceness: int = 0, silence_s: float = SILENCE_S) -> Lane:
        # A cache for each lane, for all write down what failed. Modules stay whole: they share a server. A worker that
        # has ended is not replaced, for those that it leaves its tests to may wait for ever: the lane runs them again.
        order = [f"--randomly-seed={seed}", "--dist", "loadfile", "--no-loadscope-reorder", "--max-worker-restart=0"]
        keeps = ["-o", f"cache_dir={CACHES / name}", "--cache-clear", "-p", "tests.kit.progress"]
        command = [*python, "pytest", *keeps, *order, *arguments]
        return Lane(name, [command], niceness, ROOT / CACHES / f"{name}.progress", silence_s)

    def processes(most: int) -> tuple[str, str]:
        return "-n", str(pace.side_by_side(most, slower))

    def without(*paths: str) -> list[str]:
        return [f"--ignore={path}" for path in paths]

    checks = [
        [*python, "ruff", "format", "--check", "."],
        [*python, "ruff", "check", "."],
        [*python, "mypy", "app", "actors", "protocol", "config", "tests"],
        # Pytest compiles the modules of the next lanes here, once: each of their workers would do it again.
        [*python, "pytest", "-qq", "-p", "no:cacheprovider", "--collect-only", *WAITS],
    ]
    computes = without(*KEEPS_UP, *WAITS, *ACTORS, MEASURES)
    return (
        (
            tests("clock", *processes(4), *KEEPS_UP, silence_s=TALKS_S),
            Lane(CHECKS, checks, MAY_WAIT),
            tests("actors", "-n", "0", *ACTORS, niceness=MAY_WAIT),
            tests("works", "-n", "0", "tests", *computes, niceness=MAY_WAIT),
        ),
        (
            tests("calls", *processes(MOST), *TELEPHONES, *without(*KEEPS_UP)),
            tests("serves", *processes(3), *SERVES, *without(*KEEPS_UP)),
            tests("waits", *processes(MOST), *WAITS, *without(*KEEPS_UP, *TELEPHONES, *SERVES)),
        ),
        (tests("alone", "-n", "0", MEASURES, *without(*(path for path in KEEPS_UP if path.startswith(MEASURES)))),),
    )


def side_by_side(together: Sequence[Lane]) -> dict[str, Ending]:
    """Run lanes at the same time.

    Returns:
        How each has ended, by its name.
    """
    with ThreadPoolExecutor(len(together)) as threads:
        endings = threads.map(run, together)
        return {lane.name: ending for lane, ending in zip(together, endings, strict=True)}


def main() -> int:
    """0 when everything has passed, at the second look at the latest."""
    if sys.platform.startswith("linux"):
        watch_this_process()
    endings: dict[str, Ending] = {}
    seed = os.environ.get("SEED") or "1"
    for group in range(len(lanes(seed))):
        slower = pace.slowness()
        if pace.side_by_side(MOST, slower) < MOST:
            print(
                f"This machine is {slower:.1f} times as slow as a quick one: fewer tests wait side by side", flush=True
            )
        endings |= side_by_side(lanes(seed, slower)[group])
    for ending in endings.values():
        print(*ending.last_lines, sep="\n", flush=True)
    if any(endings.pop(CHECKS).codes):
        print("Formatting, lint, types or imports of tests are wrong: no second look", flush=True)
        return 1
    codes = [code for ending in endings.values() for code in ending.codes if code]
    failed = sorted({test for ending in endings.values() for test in ending.failed})
    return second_look(codes, failed) if codes else 0


if __name__ == "__main__":
    sys.exit(main())
