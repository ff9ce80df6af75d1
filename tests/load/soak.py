"""Many minutes at half capacity: `make soak MINUTES=20 CALLS=50`. Is memory flat, are descriptors, is latency?

Calls are made anew in each round, so that what a call leaves behind adds up and shows. What the server keeps by design,
of the last thousand calls and conversations has to fill first.
"""

import argparse
import math
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from app.evals.progress import Progress
from tests.load.report import machine, today
from tests.load.runs import Row, run_again
from tests.load.servers import KINDS, end_all_when_told, running

ROUND_S, AROUND_S = 20.0, 6.0
"""A round, and what of it is not measured: calls are made, and warm up."""
SETTLED_S = 120.0
"""Before that the process still grows: calls whose line is lost are held for half a minute, connections for longer."""
KEPT_CALLS = 1_000
"""The call log and the store in memory keep so many, and grow until they do."""
MAX_SLOPE_MB = 0.1
"""Growth in MB a minute that passes for flat, judged by the lower end of its confidence interval."""
CERTAINTY = 2.0
"""Standard errors: about 95 %."""
MAX_LATER_MS = 2.0
"""By how much later StopAudio may come in the last quarter than in the first."""
SPARE_DESCRIPTORS = 2
"""A request that has just been answered may still have its connection."""


class Trend(msgspec.Struct, frozen=True):
    """A slope by least squares, and how far it may be off either way."""

    slope: float
    error: float


class Soak(msgspec.Struct, frozen=True):
    """What a soak found out."""

    machine: str
    date: str
    server: str
    calls: int
    round_s: float
    rounds: list[Row]

    @property
    def minutes(self) -> float:
        """How long it took."""
        return len(self.rounds) * self.round_s / 60

    @property
    def settled(self) -> list[Row]:
        """The rounds that are judged."""
        unsettled = max(math.ceil(SETTLED_S / self.round_s), math.ceil(KEPT_CALLS / self.calls))
        return self.rounds[min(unsettled, len(self.rounds) // 2) :]

    @property
    def quarters(self) -> tuple[list[Row], list[Row]]:
        """The first of them and the last."""
        count = max(1, len(self.settled) // 4)
        return self.settled[:count], self.settled[-count:]

    @property
    def memory(self) -> Trend:
        """In MB a minute."""
        found = trend([row.rss_mb for row in self.settled])
        per_minute = 60 / self.round_s
        return Trend(found.slope * per_minute, found.error * per_minute)

    @property
    def stop_ms(self) -> tuple[float, float]:
        """From onset to StopAudio at p50, in the first quarter and in the last."""
        first, last = (statistics.median(row.barge_in_ms.p50 for row in rows) for rows in self.quarters)
        return first, last

    @property
    def descriptors(self) -> tuple[int, int]:
        """The most in the first quarter and in the last."""
        first, last = (max(row.descriptors for row in rows) for rows in self.quarters)
        return first, last

    @property
    def threads(self) -> tuple[int, int]:
        """The same."""
        first, last = (max(row.threads for row in rows) for rows in self.quarters)
        return first, last

    @property
    def failures(self) -> int:
        """Calls that did not go as they have to."""
        return sum(row.failures for row in self.rounds)


def trend(values: Sequence[float]) -> Trend:
    """By how much `values` grow from one to the next. Of fewer than three nothing is certain."""
    count = len(values)
    if count < 3:
        return Trend(0.0, math.inf)
    slope, intercept = statistics.linear_regression(range(count), values)
    residue = sum((value - intercept - slope * x) ** 2 for x, value in enumerate(values)) / (count - 2)
    spread = sum((x - (count - 1) / 2) ** 2 for x in range(count))
    return Trend(slope, CERTAINTY * math.sqrt(residue / spread))


def faults(soak: Soak) -> list[str]:
    """What is not flat, in words; empty when all is well."""
    found = []
    if soak.memory.slope - soak.memory.error > MAX_SLOPE_MB:
        found.append(f"memory grows by {soak.memory.slope:.2f} MB a minute")
    for what, (first, last) in (("descriptors", soak.descriptors), ("threads", soak.threads)):
        if last > first + SPARE_DESCRIPTORS:
            found.append(f"{what} grew from {first} to {last}")
    if soak.failures:
        found.append(f"{soak.failures} calls failed")
    first_ms, last_ms = soak.stop_ms
    if last_ms > first_ms + MAX_LATER_MS:
        found.append(f"StopAudio took {first_ms:.1f} ms at first and {last_ms:.1f} ms at last")
    return found


def verdict(soak: Soak) -> str:
    """One sentence with the figures; of two that stand together, the first quarter's and the last's."""
    return (
        f"{soak.minutes:.0f} minutes of {soak.calls} calls, made anew every {soak.round_s:.0f} s; of the last"
        f" {len(soak.settled) * soak.round_s / 60:.0f} minutes: memory {soak.memory.slope:+.3f}"
        f" ± {soak.memory.error:.3f} MB a minute at {soak.settled[-1].rss_mb:.0f} MB;"
        f" first quarter and last: descriptors {soak.descriptors[0]} and {soak.descriptors[1]},"
        f" threads {soak.threads[0]} and {soak.threads[1]}, onset to StopAudio at p50 {soak.stop_ms[0]:.1f} and"
        f" {soak.stop_ms[1]:.1f} ms; {soak.failures} failures"
    )


def main(arguments: list[str]) -> int:
    """Soak, print a line a round and the verdict; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.load.soak")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--calls", type=int, default=50)
    parser.add_argument("--round", type=float, default=ROUND_S, help="seconds after which calls are made anew")
    parser.add_argument("--server", choices=tuple(KINDS), default="earshot")
    parser.add_argument("--out", type=Path, default=Path("soak.json"))
    options = parser.parse_args(arguments)
    end_all_when_told()
    kind, rounds = KINDS[options.server], list[Row]()
    progress = Progress(int(options.minutes * 60 / options.round))
    with running(kind) as server:
        progress.show()
        for number in range(progress.total):
            row = run_again(server, kind, options.calls, seconds=options.round - AROUND_S, first=number * 1_000)
            rounds.append(row)
            progress.clear()
            print(
                f"{number + 1:3}: {row.rss_mb:.1f} MB, {row.descriptors} descriptors, {row.threads} threads,"
                f" StopAudio {row.barge_in_ms.p50:.1f} / {row.barge_in_ms.p99:.1f} ms, late {row.late_ms.p99:.1f} ms,"
                f" callers late {row.own_late_ms.p99:.1f} ms, {row.failures} failures {row.failed or ''}",
                flush=True,
            )
            progress.advance()
    progress.clear()
    soak = Soak(machine(), today(), options.server, options.calls, options.round, rounds)
    options.out.write_bytes(msgspec.json.format(msgspec.json.encode(soak)) + b"\n")
    print(verdict(soak))
    print("; ".join(faults(soak)) or "flat")
    return 1 if faults(soak) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
