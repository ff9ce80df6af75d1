"""The pure rules are covered to the last branch by their own tests, and read no clock."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[4]
HERE = Path(__file__).parent


def test_every_branch_of_the_rules_is_covered_by_their_own_tests(tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "pytest", "-q", str(HERE), f"--ignore={__file__}", "--cov=actors.rules",
        "--cov-branch", "--cov-report=term-missing:skip-covered", "--cov-fail-under=100", "-p", "no:cacheprovider",
    ]  # fmt: skip
    environment = {"PATH": "/usr/bin:/bin", "COVERAGE_FILE": str(tmp_path / "coverage")}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=150, check=False)
    assert run.returncode == 0, run.stdout[-4_000:]
