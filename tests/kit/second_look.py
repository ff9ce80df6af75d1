"""Runs tests that failed beside others once more, alone.

Several processes of tests, and the servers, browsers and clouds they start, share what cores there are, and one
assertion of nine thousand may meet a machine that stood still. So a few failures get a second look with the machine for
themselves: what fails again has failed. What passes is named, for it is a defect all the same, of the test or of what
it tests.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.kit.source import ROOT

MOST = 5
"""Failures that may be the machine's; more of them are not looked at again."""
FAILED = 1
"""Pytest's exit code when tests have failed, and nothing else was wrong."""


def failures(codes: Sequence[int], caches: Sequence[Path]) -> list[str]:
    """The tests to run again, by node id.

    Args:
        codes: Pytest's exit codes of the runs in which something failed.
        caches: Pytest's cache folders of all runs, in which it says what failed.

    Raises:
        SystemExit: There is no second look: a run ended for another reason, or too many tests failed.
    """
    if set(codes) != {FAILED}:
        sys.exit(f"pytest ended with {sorted(set(codes))}: no second look")
    files = [cache / "v/cache/lastfailed" for cache in caches]
    found = sorted(test for file in files if file.exists() for test in json.loads(file.read_text()))
    if not 0 < len(found) <= MOST:
        sys.exit(f"{len(found)} tests failed; at most {MOST} get a second look")
    return found


def second_look(codes: Sequence[int], caches: Sequence[Path]) -> int:
    """Run the failed tests alone, and say which of them passed now.

    Returns:
        Pytest's exit code of this run.

    Raises:
        SystemExit: There is no second look, see `failures`.
    """
    found = failures(codes, caches)
    print(f"{len(found)} failed beside others and are run again, alone:", *found, sep="\n  ", flush=True)
    code = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:randomly", *found], cwd=ROOT, check=False
    ).returncode
    if code == 0:
        print("Passed alone, failed beside others (a defect to mend):", *found, sep="\n  ", flush=True)
    return code
