"""The examples of the pure rules reach every branch of them.

Examples alone: what only random input reaches today may be missed tomorrow, and nothing states what it ought to do.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.source import ROOT

EXAMPLES = ROOT / "tests/unit/actors/rules"
TIMEOUT_S = 600.0
"""Many times what it takes on a machine that has nothing else to do."""


@pytest.mark.timeout(TIMEOUT_S + 60)
def test_every_branch_of_the_rules_is_reached_by_an_example(tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "pytest", "-q", str(EXAMPLES), "--ignore-glob=*_at_random.py",
        "-m", "not hypothesis", "--cov=actors.rules", "--cov-branch", "--cov-report=term-missing:skip-covered",
        "--cov-fail-under=100", "-p", "no:cacheprovider",
    ]  # fmt: skip
    environment = {"PATH": "/usr/bin:/bin", "COVERAGE_FILE": str(tmp_path / "coverage")}
    run = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    assert run.returncode == 0, run.stdout[-4_000:]
