"""The test run itself: its children can be interrupted however it was started, and none outlives its module."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.orphan_reaper import INPUT, Noted, began
from tests.kit.serving import ROOT, alive, eventually

PYTEST = [
    *("-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider", "-p", "no:randomly"),
    *("-W", "ignore", "-c", "/dev/null"),
]
TESTS = """
import signal, subprocess, sys
from pathlib import Path

def test_that_a_child_can_be_interrupted():
    child = subprocess.Popen(
        [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )
    with child:
        child.stdout.readline()
        child.send_signal(signal.SIGINT)
        assert child.wait(30) == -signal.SIGINT

def test_that_leaves_a_child():
    Path(PID).write_text(str(subprocess.Popen(["sleep", "60"]).pid))
"""


NEVER_ENDS = """
import subprocess, time
from pathlib import Path

def test_that_waits_for_ever():
    # As a launcher: its worker is known only by way of it.
    worker = "import subprocess; print(subprocess.Popen(['sleep', '600'], start_new_session=True).pid, flush=True)"
    program = [PYTHON, "-c", worker + "; import time; time.sleep(600)"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as launcher:
        part = Path(PID + ".part")
        part.write_text(f"{launcher.pid} {launcher.stdout.readline()}")
        part.rename(PID)
        time.sleep(600)
"""


@pytest.mark.parametrize("reaper", ["its own", "that of these tests", "one that is gone"])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_none_is_left_by_a_run_that_is_killed(tmp_path: Path, how: signal.Signals, reaper: str) -> None:
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert INPUT in environ
    if reaper == "its own":
        del environ[INPUT]
    if reaper == "one that is gone":
        environ[INPUT] = "/proc/self/fd/9999"
    noted = tmp_path / "pid"
    module = tmp_path / "test_children.py"
    module.write_text(NEVER_ENDS.replace("PID", repr(str(noted))).replace("PYTHON", repr(sys.executable)))
    with subprocess.Popen(
        [sys.executable, *PYTEST, "--rootdir", tmp_path, module],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as run:
        eventually(noted.exists)
        left = [int(pid) for pid in noted.read_text().split()]
        assert all(map(alive, left))
        run.send_signal(how)
    eventually(lambda: not any(map(alive, left)))


def test_children_can_be_interrupted_where_sigint_is_inherited_as_ignored_and_none_is_left(tmp_path: Path) -> None:
    noted = tmp_path / "pid"
    module = tmp_path / "test_children.py"
    module.write_text(TESTS.replace("PID", repr(str(noted))))
    # As a shell does for a command in the background: `nohup make test &`.
    ignoring = (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", ignoring, sys.executable, *PYTEST, "--rootdir", tmp_path, module],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    left = int(noted.read_text())
    eventually(lambda: not alive(left))
    assert "2 passed, 1 error" in ended.stdout, ended.stdout
    assert f"{{{left}: 'sleep 60 '}} == {{}}" in ended.stdout
    assert "processes that outlived their tests" in ended.stdout


def test_what_is_below_a_process_is_noted_from_when_it_is_new_until_it_has_ended() -> None:
    program = (
        "import subprocess; below = subprocess.Popen(['cat']); print(below.pid, flush=True); below.wait(); input()"
    )
    command = [sys.executable, "-c", program]
    with (
        subprocess.Popen(["sleep", "600"]) as beside,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as launcher,
    ):
        noted = Noted(launcher.pid)
        noted.look()
        before = dict(noted.since)
        assert launcher.stdout is not None
        below = int(launcher.stdout.readline())
        noted.look()
        assert noted.since == {below: began(below)}
        assert noted.since.items() >= before.items()
        noted.look()
        assert noted.since == {below: began(below)}
        os.kill(below, signal.SIGKILL)
        eventually(lambda: not Path(f"/proc/{below}").exists())
        noted.look()
        assert noted.since == {}
        launcher.kill()
        beside.kill()


CHAIN = """
import os, subprocess, sys, time
print(os.getpid(), flush=True)
if (more := int(sys.argv[1])):
    subprocess.run([sys.executable, "-c", sys.argv[2], str(more - 1), sys.argv[2]])
time.sleep(600)
"""
"""A process that has started one that has started one, and so on: each prints its process id."""


def test_what_is_below_a_watched_process_is_known_when_that_has_ended_and_all_between_have() -> None:
    with subprocess.Popen([sys.executable, "-c", CHAIN, "3", CHAIN], stdout=subprocess.PIPE, text=True) as run:
        noted = Noted(run.pid)
        assert run.stdout is not None
        first, watched, between, left = (int(run.stdout.readline()) for _ in range(4))
        assert first == run.pid
        noted.watch(watched)
        noted.look()
        assert noted.since.keys() == {watched, between, left}
        os.kill(watched, signal.SIGKILL)
        eventually(lambda: not alive(watched))
        os.kill(between, signal.SIGKILL)
        eventually(lambda: not alive(between))
        noted.look()
        assert left in noted.end(watched)
        assert noted.since.keys() >= noted.end(watched).keys()
        assert noted.end(run.pid).keys() <= {watched}
        os.kill(left, signal.SIGKILL)
        run.kill()
