"""What stands between a worker and the program of an MCP server: what goes through it, and that nothing outlives it."""

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.mcp.guard import LINES_PER_S, MAX_LINE_BYTES, NOT_FOUND, guarded, hand_on, is_message
from tests.kit.serving import ROOT, alive, eventually

MESSAGE = b'{"jsonrpc": "2.0", "id": 1, "result": {}}\n'
BROKEN = ("-m", "tests.kit.mcp_servers.broken")
ENDS_S = 60
HOST = """
import subprocess, sys, time
from app.mcp.guard import guarded
import os
subprocess.Popen(guarded(sys.executable, sys.argv[1:], os.getpid()), stdin=subprocess.PIPE, start_new_session=True)
time.sleep(300)
"""
"""A process that has a server, as a worker has."""


class Clock:
    def __init__(self) -> None:
        self.now = 0.0
        self.slept = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += seconds


def handed_on(lines: bytes) -> tuple[bool, bytes, float]:
    sink, clock = io.BytesIO(), Clock()
    whole = hand_on(io.BytesIO(lines), sink, lambda: clock.now, clock.sleep)
    return whole, sink.getvalue(), clock.slept


@pytest.mark.parametrize("line", [b"starting ...\n", b"[1]\n", b"{\n", b"7\n", b"{}\n", b"\xff\n", b"[" * 100_000])
def test_what_is_no_message_goes_no_further(line: bytes) -> None:
    assert not is_message(line)
    assert handed_on(line + b"\n" + MESSAGE) == (True, MESSAGE, 0.0)


def test_more_messages_than_a_worker_can_take_are_held_back() -> None:
    whole, sent, slept = handed_on(MESSAGE * (LINES_PER_S * 3))
    assert (whole, len(sent), slept) == (True, len(MESSAGE) * LINES_PER_S * 3, 2.0)


def test_a_line_that_is_too_long_is_the_end() -> None:
    text = json.dumps({"jsonrpc": "2.0", "result": "x" * MAX_LINE_BYTES}).encode()
    assert handed_on(MESSAGE + text) == (False, MESSAGE, 0.0)


def ended(*command: str) -> subprocess.CompletedProcess[bytes]:
    line = guarded(command[0], command[1:], os.getpid())
    return subprocess.run(
        line,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=ENDS_S,
        check=False,
        start_new_session=True,
    )


def test_a_program_that_is_not_there_is_told_by_the_status() -> None:
    assert ended("/nowhere/server").returncode == NOT_FOUND


def test_a_program_that_writes_an_endless_line_is_ended() -> None:
    assert ended(sys.executable, *BROKEN, "endless").stdout == b""


def test_what_a_program_leaves_behind_is_ended(tmp_path: Path) -> None:
    noted = tmp_path / "pids"
    ended(sys.executable, *BROKEN, "family", str(noted))
    eventually(lambda: not any(alive(int(pid)) for pid in noted.read_text().split()))


def test_standard_error_is_thrown_away() -> None:
    done = ended(sys.executable, "-c", "import sys; sys.stderr.write('x' * 1_000_000); print('no message')")
    assert (done.stdout, done.stderr) == (b"", b"")


@pytest.mark.parametrize("fault", ["deaf", "family"])
@pytest.mark.parametrize("stopped", [False, True])
def test_nothing_is_left_when_the_worker_is_killed(tmp_path: Path, fault: str, stopped: bool) -> None:
    noted = tmp_path / "pids"
    with subprocess.Popen(
        [sys.executable, "-c", HOST, *BROKEN, fault, str(noted)], cwd=ROOT, stdout=subprocess.DEVNULL
    ) as host:
        try:
            eventually(noted.exists)
            pids = [int(pid) for pid in noted.read_text().split()]
            if stopped:
                os.kill(pids[0], signal.SIGSTOP)
        finally:
            host.kill()
    eventually(lambda: not any(alive(pid) for pid in pids))
