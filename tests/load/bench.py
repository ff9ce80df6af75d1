"""Earshot under load, beside the floor: `make bench CALLS=1,10,50,75,100 OUT=bench.json`.

For each number of calls every server is started REPEATS times, in turn with the others, so that all of them see the
machine at the same times. The server has one core, its callers and what it talks to another. A server that has broken
the promise (nobody who interrupts waits longer than 30 ms in 99 of 100 cases, no call fails) is not asked for more
calls. With all servers the bench goes on by `STEP` calls until Earshot and the floor have both broken it.
"""

import argparse
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from app.evals.progress import Progress
from tests.load.local import line as local_line
from tests.load.local import measure as measure_local
from tests.load.report import median, report
from tests.load.runs import Row, run
from tests.load.servers import KINDS, LOCAL, end_all_when_told
from tests.load.start_up import first_frame_s
from tests.load.tables import FULL, belief, kept, rows_table, targets_table
from tests.load.wires import WIRES

COUNTS_OF = {
    "floor, 40 ms": (10, 50),
    "earshot, 40 ms": (10, 50),
    "earshot, browser": (10, 50),
    "earshot, azure": (10, 25, 40, 50),
    "earshot, voice live": (10, 50),
    "earshot, redis": (10, 50),
    "earshot, telemetry": (10, 50),
    "floor, uvicorn": (10, 50, 100),
    "earshot, uvicorn": (10, 50, 100),
}
"""Numbers of calls of those that are looked at beside; all others have those of CALLS."""
LOCAL_ROW = "local"
LOCAL_CALLS, LOCAL_SECONDS = 10, 30.0
"""Conversations on the engines of this machine, a row of their own: nobody has taken the engines' time off."""
PAIR = ("floor", "earshot")
STEP, MOST_CALLS = 25, 300
OWN_LATE_MS, ATTEMPTS = 1.5, 3
"""A run in which the callers were late by more at p99 tells of what else the machine does, and is made again."""


class Bench:
    """All runs so far."""

    def __init__(self, repeats: int, seconds: float) -> None:
        self.runs: list[Row] = []
        self._repeats = repeats
        self._seconds = seconds
        self._broken: set[str] = set()
        self.progress = Progress(0)

    def measure(self, calls: int, servers: Sequence[str]) -> None:
        """Those of `servers` that have kept the promise so far, in turn."""
        asked = [name for name in servers if name not in self._broken]
        found: dict[str, list[Row]] = {name: [] for name in asked}
        for repeat in range(self._repeats):
            for name in asked:
                self.progress.clear()
                print(
                    f"{calls:4} calls, {repeat + 1} of {self._repeats}, {name}: ", end="", file=sys.stderr, flush=True
                )
                found[name].append(_undisturbed(name, calls, self._seconds))
                self.progress.advance()
        self.progress.clear()
        for name, rows in found.items():
            self.runs += rows
            if not median(rows).kept:
                self._broken.add(name)

    def rise(self, calls: int) -> None:
        """From `calls` on, until Earshot and the floor have both broken the promise."""
        while not self._broken.issuperset(PAIR) and calls < MOST_CALLS:
            calls += STEP
            self.progress.total += self._repeats * len(PAIR)
            self.measure(calls, PAIR)


def _undisturbed(name: str, calls: int, seconds: float) -> Row:
    """A run in which the callers themselves were on time; where there is none, that in which they were least late."""
    rows = []
    for _ in range(ATTEMPTS):
        rows.append(run(KINDS[name], calls, seconds))
        print(_line(rows[-1]), file=sys.stderr, flush=True)
        if rows[-1].own_late_ms.p99 <= OWN_LATE_MS:
            break
    return min(rows, key=lambda row: row.own_late_ms.p99)


def _line(row: Row) -> str:
    failed = "".join(f", {count} {what}" for what, count in row.failed.items())
    redis = f" {row.redis_commands:.1f} Redis commands per turn," if row.redis_commands else ""
    return (
        f"StopAudio {row.barge_in_ms.p50:.1f} / {row.barge_in_ms.p99:.1f}, first audio {row.first_audio_ms.p50:.1f},"
        f" late {row.late_ms.p99:.1f} ms, CPU {row.cpu_per_call * 100:.2f} % per call, {row.rss_mb_per_call:.2f} MB,"
        f"{redis} callers late {row.own_late_ms.p99:.2f} ms{failed}"
    )


def _start_up_s(times: int) -> Iterator[tuple[str, float]]:
    for wire in WIRES:
        print(f"start to greeting, {wire}: ", end="", file=sys.stderr, flush=True)
        took = [first_frame_s(wire) for _ in range(times)]
        print(" ".join(f"{s:.2f}" for s in took), file=sys.stderr, flush=True)
        yield wire, statistics.median(took)


def main(arguments: list[str]) -> None:
    """Measure, print the tables, and keep all of it in OUT."""
    parser = argparse.ArgumentParser(prog="python -m tests.load.bench")
    parser.add_argument("--calls", help="of all servers that are named, else of Earshot and the floor")
    parser.add_argument("--out", type=Path, default=Path("bench.json"))
    parser.add_argument("--servers", default="", help="separated by semicolons; all of them if none are named")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args(arguments)
    end_all_when_told()
    asked = [int(count) for count in (options.calls or "1,10,50,75,100").split(",")]
    names = [name.strip() for name in options.servers.split(";") if name.strip()]
    with_local = LOCAL_ROW in names
    names = [name for name in names if name != LOCAL_ROW]
    if unknown := [name for name in names if name not in KINDS]:
        parser.error(f"--servers: {unknown[0]!r} is none of {'; '.join((*KINDS, LOCAL_ROW))}")
    own = {} if options.calls and names else COUNTS_OF
    is_whole = not names and not with_local
    asked_for = list(KINDS) if is_whole else names
    counts = {name: own.get(name, asked) for name in asked_for}
    bench = Bench(options.repeats, options.seconds)
    bench.progress.total = options.repeats * sum(len(each) for each in counts.values())
    for calls in sorted({calls for each in counts.values() for calls in each}):
        bench.measure(calls, [name for name, each in counts.items() if calls in each])
    if is_whole:
        bench.rise(max(asked))
    found = report(bench.runs, options.repeats, options.seconds, dict(_start_up_s(options.repeats)) if is_whole else {})
    if with_local or is_whole:
        found = msgspec.structs.replace(found, local=measure_local(LOCAL, LOCAL_CALLS, LOCAL_SECONDS))
    options.out.write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    if believed := belief(found):
        print(f"{believed}\n")
    print(f"{found.machine}, {found.date}, median of {found.repeats} runs of {found.seconds:g} s")
    print("Times in ms, p50 / p95 / p99 / max.\n")
    print(rows_table(found, FULL, apart=False))
    if apart := rows_table(found, FULL, apart=True):
        print(f"\nMessages of 40 ms:\n\n{apart}")
    if found.local is not None:
        print(f"\n{local_line(found.local)}")
    print(f"\n{targets_table(found)}\n\nThe promise is kept up to so many calls: {kept(found)}")


if __name__ == "__main__":
    main(sys.argv[1:])
