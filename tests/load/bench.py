"""Earshot under load, beside the floor: `make bench CALLS=1,10,50,75,100 OUT=bench.json`.

For each number of calls every server is started REPEATS times, in turn with the others, so that all of them see the
machine at the same times. The server has one core, its callers another. A server that has broken the promise (nobody
who interrupts waits longer than 30 ms in 99 of 100 cases, no call fails) is not asked for more calls.
"""

import argparse
import importlib.util
import sys
from pathlib import Path

import msgspec

from tests.load.report import median, report, table
from tests.load.runs import Row, run
from tests.load.servers import KINDS

ASIDE = ("earshot, 40 ms", "floor, 40 ms", "earshot, browser")
"""Looked at once, at the numbers of `ASIDE_CALLS`."""
ASIDE_CALLS = (10, 50)
OWN_LATE_MS, ATTEMPTS = 1.5, 3
"""A run in which the callers were late by more at p99 tells of what else the machine does, and is made again."""
UVICORN = ("floor, uvicorn", "earshot, uvicorn")


def servers() -> tuple[str, ...]:
    """All that can be compared here, the floor first."""
    return ("floor", "earshot", *(UVICORN if importlib.util.find_spec("uvicorn") else ()), *ASIDE)


def bench(counts: list[int], names: list[str], repeats: int, seconds: float) -> list[Row]:
    """All runs."""
    runs: list[Row] = []
    broken: set[str] = set()
    for calls in counts:
        asked = [n for n in names if n not in broken and (n not in ASIDE or calls in ASIDE_CALLS or names == [n])]
        found: dict[str, list[Row]] = {name: [] for name in asked}
        for repeat in range(repeats):
            for name in asked:
                print(f"{calls:4} calls, {repeat + 1} of {repeats}, {name}: ", end="", file=sys.stderr, flush=True)
                found[name].append(_undisturbed(name, calls, seconds))
        for name, rows in found.items():
            runs += rows
            if not median(rows).kept:
                broken.add(name)
    return runs


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
    return (
        f"StopAudio {row.barge_in_ms.p50:.1f} / {row.barge_in_ms.p99:.1f}, first audio {row.first_audio_ms.p50:.1f},"
        f" late {row.late_ms.p99:.1f} ms, CPU {row.cpu_per_call * 100:.2f} % per call, {row.rss_mb_per_call:.2f} MB,"
        f" callers late {row.own_late_ms.p99:.2f} ms{failed}"
    )


def main(arguments: list[str]) -> None:
    """Measure, print the table, and keep all of it in OUT."""
    parser = argparse.ArgumentParser(prog="python -m tests.load.bench")
    parser.add_argument("--calls", default="1,10,50,75,100")
    parser.add_argument("--out", type=Path, default=Path("bench.json"))
    parser.add_argument("--servers", default="; ".join(servers()), help="separated by semicolons")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args(arguments)
    counts = sorted(int(count) for count in options.calls.split(","))
    names = [name.strip() for name in options.servers.split(";")]
    if unknown := [name for name in names if name not in KINDS]:
        parser.error(f"--servers: {unknown[0]!r} is none of {'; '.join(KINDS)}")
    runs = bench(counts, names, options.repeats, options.seconds)
    found = report(runs, options.repeats, options.seconds)
    options.out.write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    print(f"{found.machine}, {found.date}, {found.repeats} runs of {found.seconds:g} s each; ms, p50 / p95 / p99 / max")
    print(table(found))
    for name, calls in found.calls_kept.items():
        print(f"{name}: the promise is kept up to {calls} calls")


if __name__ == "__main__":
    main(sys.argv[1:])
