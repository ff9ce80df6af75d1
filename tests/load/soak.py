"""Many minutes at half capacity: `make soak MINUTES=20 CALLS=25`. Is memory flat, are descriptors, is latency?

Each minute all calls are made anew, so that what a call leaves behind adds up and shows.
"""

import argparse
import sys

from tests.load.runs import Row, run_again
from tests.load.servers import KINDS, running

MAX_SLOPE_MB = 0.5
"""Growth a minute, from the third minute on, that passes for flat: the allocator's own moods."""
SETTLED = 2
SPARE_DESCRIPTORS = 2
"""A request that has just been answered may still have its connection."""


def slope(values: list[float]) -> float:
    """By how much `values` grow from one to the next, by least squares."""
    count = len(values)
    mean_x, mean_y = (count - 1) / 2, sum(values) / count
    above = sum((x - mean_x) * (y - mean_y) for x, y in enumerate(values))
    return above / (sum((x - mean_x) ** 2 for x in range(count)) or 1.0)


def verdict(minutes: list[Row]) -> list[str]:
    """What is not flat, in words; empty when all is well."""
    settled = minutes[SETTLED:] or minutes
    faults = []
    if (grown := slope([row.rss_mb for row in settled])) > MAX_SLOPE_MB:
        faults.append(f"memory grows by {grown:.2f} MB a minute")
    if settled[-1].descriptors > settled[0].descriptors + SPARE_DESCRIPTORS:
        faults.append(f"descriptors grew from {settled[0].descriptors} to {settled[-1].descriptors}")
    if failures := sum(row.failures for row in minutes):
        faults.append(f"{failures} calls failed")
    half = len(settled) // 2 or 1
    early, late = (
        sorted(row.barge_in_ms.p50 for row in part)[len(part) // 2] for part in (settled[:half], settled[-half:])
    )
    if late > early + 2.0:
        faults.append(f"StopAudio took {early:.1f} ms at first and {late:.1f} ms at last")
    return faults


def main(arguments: list[str]) -> int:
    """Soak, print a line a minute and the verdict; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.load.soak")
    parser.add_argument("--minutes", type=int, default=20)
    parser.add_argument("--calls", type=int, default=25)
    parser.add_argument("--server", choices=tuple(KINDS), default="earshot")
    options = parser.parse_args(arguments)
    kind, minutes = KINDS[options.server], list[Row]()
    with running(kind) as server:
        for minute in range(options.minutes):
            row = run_again(server, kind, options.calls, seconds=54.0, first=minute * 1_000)
            minutes.append(row)
            print(
                f"minute {minute + 1:3}: {row.rss_mb:.1f} MB, {row.descriptors} descriptors, {row.threads} threads,"
                f" StopAudio {row.barge_in_ms.p50:.1f} / {row.barge_in_ms.p99:.1f} ms, {row.failures} failures",
                flush=True,
            )
    faults = verdict(minutes)
    print("; ".join(faults) or "flat")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
