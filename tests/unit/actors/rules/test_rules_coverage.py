"""The pure rules are covered to the last branch, each by its own tests."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
RULES = {
    "turn": ("turn", "turn_state", "backchannel"),
    "endpointing": ("endpointing",),
    "sentences": ("sentences",),
    "play": ("playout", "play_head", "play_track", "play_clock"),
    "supervision": ("supervision",),
    "history": ("history",),
    "utterances": ("utterances",),
    "reply_bounds": ("reply_bounds",),
    "context": ("context_budget",),
}
"""By test modules of that beginning, what they cover."""


@pytest.mark.parametrize("tests", RULES)
def test_every_branch_of_a_rule_is_covered_by_its_own_tests(tests: str, tmp_path: Path) -> None:
    measured = [f"--cov=actors.{module}" for module in RULES[tests]]
    modules = [str(path) for path in sorted((ROOT / "tests/actors").glob(f"test_{tests}*.py"))]
    command = [
        sys.executable, "-m", "pytest", "-q", *modules, *measured,
        "--cov-branch", "--cov-report=term-missing", "--cov-fail-under=100", "-p", "no:cacheprovider",
    ]  # fmt: skip
    environment = {"PATH": "/usr/bin:/bin", "COVERAGE_FILE": str(tmp_path / "coverage")}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stdout[-2_000:]
