"""Runs tests that failed beside others once more, alone.

Several processes of tests, and the servers, browsers and clouds they start, share what cores there are, and one
assertion of nine thousand may meet a machine that stood still. So a few failures get a second look with the machine for
themselves: what fails again has failed. What passes is named, for it is a defect all the same, of the test or of what
it tests.
"""

import subprocess
import sys
from collections.abc import Sequence

from tests.kit.lane import FAILED
from tests.kit.source import ROOT

MOST = 12
"""Failures that may be the machine's, one of a thousand tests; more of them are not looked at again."""


def check(codes: Sequence[int], failed: Sequence[str]) -> None:
    """Refuse a second look where it would say nothing; what failed is named all the same.

    Args:
        codes: Pytest's exit codes of the runs in which something failed.
        failed: What failed, by node id.

    Raises:
        SystemExit: There is no second look: a run ended for another reason, or too many tests failed.
    """
    print(*(f"failed: {test}" for test in failed), sep="\n", flush=True)
    if set(codes) != {FAILED}:
        sys.exit(f"pytest ended with {sorted(set(codes))}: no second look")
    if not 0 < len(failed) <= MOST:
        sys.exit(f"{len(failed)} tests failed; at most {MOST} get a second look")


def second_look(codes: Sequence[int], failed: Sequence[str]) -> int:
    """Run the failed tests alone, and say which of them passed now.

    Returns:
        Pytest's exit code of this run.

    Raises:
        SystemExit: There is no second look, see `check`.
    """
    check(codes, failed)
    print(f"{len(failed)} failed beside others and are run again, alone", flush=True)
    code = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:randomly", *failed], cwd=ROOT, check=False
    ).returncode
    if code == 0:
        print("Passed alone, failed beside others (a defect to mend):", *failed, sep="\n  ", flush=True)
    return code
