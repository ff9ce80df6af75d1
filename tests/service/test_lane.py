"""A lane loses no test: neither by a process that waits for ever, nor by one that ends before its time."""

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from textwrap import dedent

import pytest

from tests.kit import lane as lanes
from tests.kit.lane import ENDED_EARLY, FAILED, Ending, Lane, run
from tests.kit.orphan_reaper import began
from tests.kit.source import ROOT

WAITS_FOR_EVER = "import threading; threading.Event().wait()"
DIES = "import os; os._exit(1)"
PASSES = "pass"


@pytest.fixture(autouse=True)
def _imports_few_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Importing them is most of what a run takes."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(lanes, "STACKS_S", 1.0)


def run_of(folder: Path, *options: str, silence_s: float = 60.0, **bodies: str) -> Ending:
    """Run modules, each of a test with this body and one that passes, as a lane."""
    for name, body in bodies.items():
        program = f"""
            def test_first():
                {body}
            def test_second():
                pass
        """
        (folder / f"test_{name}.py").write_text(dedent(program))
    (folder / "pytest.ini").touch()
    command = [sys.executable, "-m", "pytest", "-p", "tests.kit.progress", f"--rootdir={folder}", *options, str(folder)]
    return run(Lane("some", [command], progress=folder / "some.progress", silence_s=silence_s))


def test_all_that_passes_is_run_once(tmp_path: Path) -> None:
    ending = run_of(tmp_path, a=PASSES)
    assert (ending.codes, ending.failed) == ([0], [])
    assert "2 passed" in ending.last_lines[0]


def test_what_waits_for_ever_is_ended_with_its_stacks_and_the_rest_is_run(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ending = run_of(tmp_path, silence_s=4.0, a=PASSES, b=WAITS_FOR_EVER, c=PASSES)
    assert ending.failed == ["test_b.py::test_first"]
    assert ending.codes == [FAILED, 0]
    assert "3 passed" in ending.last_lines[-1]
    said = capfd.readouterr().out
    assert "said nothing" in said
    assert "in test_first" in said
    assert "test_c.py" in said


def test_what_a_process_that_dies_has_left_is_run(tmp_path: Path) -> None:
    ending = run_of(tmp_path, a=DIES, b="assert False", c=PASSES)
    assert ending.failed == ["test_a.py::test_first", "test_b.py::test_first"]
    assert ending.codes == [FAILED, FAILED]


def test_what_a_worker_that_dies_has_left_is_run(tmp_path: Path) -> None:
    workers = ["-p", "xdist", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", "--max-worker-restart=0"]
    ending = run_of(tmp_path, *workers, silence_s=30.0, a=PASSES, b=DIES, c=PASSES, d=PASSES)
    assert ending.failed == ["test_b.py::test_first"]
    assert ending.codes[0] == FAILED
    assert set(ending.codes[1:]) <= {0}


def test_what_is_not_run_at_the_second_attempt_either_fails_by_name(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ending = run_of(tmp_path, a=DIES, b=DIES, c=PASSES)
    assert ending.failed == ["test_a.py::test_first", "test_b.py::test_first"]
    assert ending.codes == [FAILED, FAILED, ENDED_EARLY]
    assert "test_c.py" in capfd.readouterr().out


def test_a_module_that_cannot_be_read_is_no_reason_to_try_again(tmp_path: Path) -> None:
    ending = run_of(tmp_path, a="this is no program")
    assert ending.codes == [2]
    assert ending.failed == ["test_a.py"]


def test_a_command_that_says_nothing_is_ended_with_its_children(tmp_path: Path) -> None:
    child = tmp_path / "pid"
    program = (
        "import pathlib, subprocess, sys, time",
        "waits = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])",
        f"pathlib.Path({str(child)!r}).write_text(str(waits.pid))",
        "time.sleep(600)",
    )
    ending = run(Lane("some", [[sys.executable, "-c", "\n".join(program)]], silence_s=3.0))
    assert ending.codes == [-9]
    assert has_ended(int(child.read_text()))


def test_a_child_that_holds_the_output_is_not_waited_for() -> None:
    program = (
        "import subprocess, sys",
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid)",
    )
    ending = run(Lane("some", [[sys.executable, "-c", "\n".join(program)]]))
    assert ending.codes == [0]
    subprocess.run(["kill", ending.last_lines[0]], check=True)


def has_ended(pid: int) -> bool:
    """Whether a process is gone, in a second at most."""
    for _ in range(100):
        if not began(pid):
            return True
        with suppress(OSError):
            os.waitpid(pid, os.WNOHANG)
        time.sleep(0.01)
    return False
