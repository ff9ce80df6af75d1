"""The test run itself: its children can be interrupted however it was started, and none outlives its module."""

import os
import subprocess
import sys
from pathlib import Path

from tests.kit.serving import ROOT, alive, eventually

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


def test_children_can_be_interrupted_where_sigint_is_inherited_as_ignored_and_none_is_left(tmp_path: Path) -> None:
    noted = tmp_path / "pid"
    module = tmp_path / "test_children.py"
    module.write_text(TESTS.replace("PID", repr(str(noted))))
    # As a shell does for a command in the background: `nohup make test &`.
    ignoring = (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    )
    pytest = [
        "-m",
        "pytest",
        "-q",
        "-p",
        "tests.conftest",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
        "-W",
        "ignore",
    ]
    ended = subprocess.run(
        [sys.executable, "-c", ignoring, sys.executable, *pytest, "-c", "/dev/null", "--rootdir", tmp_path, module],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    left = int(noted.read_text())
    eventually(lambda: not alive(left))
    assert "2 passed, 1 error" in ended.stdout, ended.stdout
    assert f"{{{left}: 'sleep 60 '}} == {{}}" in ended.stdout
    assert "processes that outlived their tests" in ended.stdout
