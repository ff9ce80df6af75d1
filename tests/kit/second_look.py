"""Runs what failed beside other tests once more, alone: `python -m tests.kit.second_look CODE...`, pytest's exit codes.

Four processes of tests, and the servers, browsers and clouds they start, share what cores there are, and one assertion
of eight thousand may meet a machine that stood still. So a few failures get a second look with the machine for
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
LAST_FAILED = ROOT / ".pytest_cache/v/cache/lastfailed"


def failures(codes: Sequence[int], last_failed: Path = LAST_FAILED) -> list[str]:
    """The tests to run again, by node id.

    Raises:
        SystemExit: There is no second look: a run ended for another reason, or too many tests failed.
    """
    if set(codes) != {FAILED}:
        sys.exit(f"pytest ended with {sorted(set(codes))}: no second look")
    found = sorted(json.loads(last_failed.read_text())) if last_failed.exists() else []
    if not 0 < len(found) <= MOST:
        sys.exit(f"{len(found)} tests failed; at most {MOST} get a second look")
    return found


def main(codes: Sequence[int]) -> int:
    """Run the failed tests alone, and say which of them passed now."""
    found = failures(codes)
    print(f"{len(found)} failed beside others and are run again, alone:", *found, sep="\n  ", flush=True)
    code = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:randomly", *found], cwd=ROOT, check=False
    ).returncode
    if code == 0:
        print("Passed alone, failed beside others (a defect to mend):", *found, sep="\n  ", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main([int(code) for code in sys.argv[1:]]))
