"""`python -m app replay FILE`, as people and programs read it."""

import json
import sys
from pathlib import Path

import pytest

from tests.kit.command_line import command
from tests.kit.recorded_sessions import write_session_file
from tests.kit.serving import run


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_session_file(tmp_path_factory.mktemp("sessions"), "restart")


def other_decision(recorded: Path, folder: Path) -> tuple[Path, int]:
    """A file in which a reply was asked for where it is not, and the line of it."""
    lines = recorded.read_text().splitlines()
    number = next(n for n, line in enumerate(lines, 1) if '"StopPlayback"' in line or '"StartReply"' in line)
    step = json.loads(lines[number - 1])
    step["decisions"][0] = {"type": "PausePlayback"}
    lines[number - 1] = json.dumps(step)
    path = folder / "other.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path, number


def test_the_same_decisions_are_said_to_be_the_same(recorded: Path) -> None:
    ended = run(sys.executable, "-m", "app", "replay", str(recorded))
    assert (ended.returncode, ended.stderr) == (0, "")
    first, *more = ended.stdout.splitlines()
    assert first.startswith("same decisions: ")
    assert more == ["words and keys are masked: they stand for others that the rules judged alike"]


def test_programs_read_the_same(recorded: Path) -> None:
    ended = command("replay", str(recorded), "--json")
    found = json.loads(ended.stdout)
    assert (ended.returncode, found["same"], found["difference"], found["content"]) == (0, True, None, False)
    assert f"same decisions: {found['decisions']} in " in command("replay", str(recorded)).stdout


def test_the_first_difference_is_named_with_its_second(recorded: Path, tmp_path: Path) -> None:
    path, line = other_decision(recorded, tmp_path)
    ended = command("replay", str(path))
    assert (ended.returncode, ended.stderr) == (1, "")
    first, then, now, before, _ = ended.stdout.splitlines()
    difference = json.loads(command("replay", str(path), "--json").stdout)["difference"]
    assert first == f"another decision at {difference['second']:.3f} s, on {difference['event']} (line {line})"
    assert then == "  then: PausePlayback"
    assert now.startswith(f"  now:  {difference['now']['type']}")
    assert before.endswith(" decisions before it are the same")


def test_a_file_that_cannot_be_replayed_is_one_line(recorded: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_bytes(recorded.read_bytes()[:5_000])
    for path, wrong in ((broken, "has no end: the file is incomplete"), (tmp_path / "none", "cannot be read")):
        ended = command("replay", str(path), "--json")
        assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
        assert str(path) in ended.stderr
        assert wrong in ended.stderr


def test_the_help_says_what_it_is_for() -> None:
    assert "replay a session file" in " ".join(command("--help").stdout.split())
    helped = command("replay", "--help")
    assert helped.returncode == 0
    assert "RECORD_SESSIONS" in helped.stdout
