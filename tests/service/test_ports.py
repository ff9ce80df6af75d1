"""Servers of tests that run at once, in whatever processes, do not get each other's ports."""

import socket
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

from tests.kit import ports
from tests.kit.ports import free_port
from tests.kit.source import ROOT

TAKES = "from tests.kit.ports import free_port; print(*(free_port() for _ in range(50)), flush=True); input()"


def test_the_kernel_gives_none_of_them_to_others() -> None:
    first, last = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    assert not any(first <= free_port() <= last for _ in range(20))


def test_processes_that_begin_at_the_same_place_get_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getpid", count(7).__next__)
    ours = {free_port() for _ in range(50)}
    alike = f"import os; os.getpid = __import__('itertools').count(7).__next__; {TAKES}"
    with subprocess.Popen(
        [sys.executable, "-c", alike], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        theirs = {int(port) for port in process.stdout.readline().split()}
        ours |= {free_port() for _ in range(50)}
        process.communicate("\n")
    assert len(theirs) == 50
    assert len(ours) == 100
    assert not ours & theirs


def test_a_port_on_which_somebody_listens_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    taken, other = free_port(), free_port()
    monkeypatch.setattr(ports, "_candidates", lambda: iter([taken, other]))
    monkeypatch.setattr(ports, "_reserved", lambda port: True)
    with socket.create_server(("127.0.0.1", taken)):
        assert free_port() == other


def test_where_none_is_free_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_reserved", lambda port: False)
    with pytest.raises(RuntimeError):
        free_port()
