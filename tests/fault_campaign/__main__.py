"""`make faults RUNS=1000 SEED=0`: conversations in which things go wrong, each held against what must always hold.

A run is named by its seed: `make faults RUNS=1 SEED=n` has the same conversation again and prints its log.
"""

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.fault_campaign.conversation import converse
from tests.fault_campaign.invariants import judge
from tests.fault_campaign.kinds import drawn
from tests.fault_campaign.report import Run, bounded_run, log, table

PROCESSES = 2


def main() -> int:
    """Run the campaign; 1 if anything was violated."""
    parser = argparse.ArgumentParser(prog="make faults")
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    began = time.monotonic()
    if arguments.runs == 1:
        scenario = drawn(arguments.seed)
        evidence = converse(scenario)
        verdict = judge(evidence)
        print(scenario)
        print(log(evidence))
        runs = [Run(arguments.seed, tuple(scenario.kinds), verdict)]
    else:
        seeds = range(arguments.seed, arguments.seed + arguments.runs)
        with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
            runs = list(pool.map(bounded_run, seeds, chunksize=8))
        print(table(runs))
    violated = [one for one in runs if one.verdict.violations]
    for one in violated:
        print(f"\nmake faults RUNS=1 SEED={one.seed}: {' + '.join(one.kinds)}")
        for violation in one.verdict.violations[:6]:
            print(f"  {violation}")
    print(f"\n{len(runs)} conversations, {len(violated)} violated, {time.monotonic() - began:.1f} s")
    return int(bool(violated))


if __name__ == "__main__":
    sys.exit(main())
