"""How many calls two workers on two cores carry, against one worker on one: `make bench-workers`.

The callers run where the servers do, on one core beside one worker and on two cores beside two, so that both have the
same share of a core for each call and the ratio is that of the workers. The most calls at which the promise is kept
are looked for by halves: nobody who interrupts waits longer than 30 ms in 99 of 100 cases, and no call fails.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence

import msgspec

from tests.load.runs import Row, run
from tests.load.servers import KINDS, Kind, end_all_when_told

STEP, MOST = 10, 160
"""Calls for each core between which is looked, and at most."""
SECONDS, WARM_S = 5.0, 2.0
TRIES = 2
"""A run in which the promise was broken is made again: the machine may have done something else meanwhile."""


class Carried(msgspec.Struct, frozen=True):
    """What so many workers on as many cores carry. `row` is that of the most calls, None if there were none."""

    cores: int
    calls: int
    row: Row | None


def most_kept(counts: Sequence[int], is_kept: Callable[[int], bool]) -> int:
    """The largest of `counts`, which rise, at which the promise is kept, as it is at all before it; 0 for none."""
    low, high = 0, len(counts)
    while low < high:
        middle = (low + high) // 2
        if is_kept(counts[middle]):
            low = middle + 1
        else:
            high = middle
    return counts[low - 1] if low else 0


def workers(cores: int) -> Kind:
    """Earshot with a worker for each core."""
    kind = KINDS["earshot"]
    return msgspec.structs.replace(kind, environment=(*kind.environment, ("WEB_CONCURRENCY", str(cores))))


def carried(cores: Sequence[int], step: int = STEP, most: int = MOST) -> Carried:
    """Look for what a worker on each of these cores carries, with its callers on the same cores."""
    rows: dict[int, Row] = {}
    all_cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)

    def is_kept(calls: int) -> bool:
        for _ in range(TRIES):
            row = run(workers(len(cores)), calls, SECONDS, warm_s=WARM_S, pinned=False)
            _print(cores, row)
            if row.kept:
                rows[calls] = row
                return True
        return False

    try:
        counts = range(step * len(cores), most * len(cores) + 1, step * len(cores))
        calls = most_kept(counts, is_kept)
    finally:
        os.sched_setaffinity(0, all_cores)
    return Carried(len(cores), calls, rows.get(calls))


def _print(cores: Sequence[int], row: Row) -> None:
    failed = "".join(f", {count} {what}" for what, count in row.failed.items())
    print(
        f"{len(cores)} on {len(cores)}, {row.calls:4} calls: StopAudio p99 {row.barge_in_ms.p99:.1f} ms, CPU "
        f"{row.cpu_per_call * 100:.2f} % per call and {row.callers_cpu / row.calls * 100:.2f} % of its caller, callers "
        f"late {row.own_late_ms.p99:.1f} ms at p99{failed}",
        file=sys.stderr,
        flush=True,
    )


def table(one: Carried, two: Carried) -> str:
    """The result, as it is printed."""
    lines = [f"{'workers and cores':<20}{'calls':>6}{'CPU per call':>14}{'StopAudio p99':>15}"]
    for each in (one, two):
        found = f"{'':>29}" if each.row is None else _figures(each.row)
        lines.append(f"{f'{each.cores} on {each.cores}':<20}{each.calls:>6}{found}")
    if one.calls:
        lines.append(f"two on two carry {two.calls / one.calls:.2f} times the calls of one on one")
    if one.row is not None and two.row is not None:
        lines.append(f"a call costs {two.row.cpu_per_call / one.row.cpu_per_call:.2f} times the CPU there")
    return "\n".join(lines)


def _figures(row: Row) -> str:
    return f"{row.cpu_per_call * 100:>12.2f} %{row.barge_in_ms.p99:>12.1f} ms"


def main() -> None:
    """Measure, and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--step", type=int, default=STEP, help="calls for each core between which is looked")
    parser.add_argument("--most", type=int, default=MOST, help="calls for each core, at most")
    asked = parser.parse_args()
    end_all_when_told()
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2:
        parser.error("this machine has one core")
    print(table(carried(cores[:1], asked.step, asked.most), carried(cores, asked.step, asked.most)))


if __name__ == "__main__":
    main()
