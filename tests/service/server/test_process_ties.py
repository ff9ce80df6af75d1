"""What ties a child to its parent: a signal of the kernel's when that ends, at once if it has ended already."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.server.processes.process_ties import signal_when_parent_ends
from tests.kit.source import ROOT

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's signal is Linux's")

CHILD = """
import os, signal, sys, time
from app.server.processes.process_ties import signal_when_parent_ends
signal_when_parent_ends(int(sys.argv[1]) or os.getppid(), signal.SIGTERM)
print("tied", os.getpid(), flush=True)
time.sleep(60)
"""

PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1], "0"], stdout=subprocess.PIPE, text=True)
print(child.stdout.readline().split()[1], flush=True)
sys.stdin.readline()
"""


def ends(pid: int, within_s: float = 30.0) -> bool:
    """Whether a process is gone, or a zombie, within this time."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


@LINUX
def test_a_child_ends_with_a_parent_that_is_killed() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, CHILD], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        os.kill(child, 0)
        parent.kill()
        parent.wait(30)
        assert ends(child)
    finally:
        parent.kill()
        parent.communicate(timeout=30)


@LINUX
def test_a_child_whose_parent_has_ended_already_ends_at_once() -> None:
    orphan = subprocess.run(
        [sys.executable, "-c", CHILD, "1" if os.getpid() != 1 else "2"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert orphan.returncode == -signal.SIGTERM
    assert orphan.stdout == ""


def test_on_other_systems_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.server.processes.process_ties.sys", SimpleNamespace(platform="darwin"))
    signal_when_parent_ends(1, signal.SIGKILL)
