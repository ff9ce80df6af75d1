"""Runs the program of an MCP server between it and the worker: `main(PARENT_PID, COMMAND, ARGUMENT...)`.

A process of its own, so that neither what the program writes nor how long it lives is the worker's trouble:

* Of its standard output only lines that are JSON-RPC go on to the worker; one that is longer than MAX_LINE_BYTES ends
  the program, and more than LINES_PER_S of them a second are held back.
* What it writes to standard error is thrown away: it may quote what callers say.
* When the program ends, whatever it has started and left in its group of processes is killed; so is all of it when the
  worker ends, however it does (on Linux; elsewhere the end of its standard input tells it).
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from app.server.processes.process_ties import signal_when_parent_ends

MAX_LINE_BYTES = 4_000_000
LINES_PER_S = 500
NOT_FOUND = 127
"""The exit status if there is no such program, the same as a shell's."""
ROOT = Path(__file__).parents[2]
_START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from app.mcp.guard import main; sys.exit(main(sys.argv[1:]))"


def guarded(command: str, arguments: Sequence[str], parent_pid: int) -> list[str]:
    """The command line that runs `command` guarded, for the process `parent_pid` alone."""
    # Isolated: neither the environment nor the working directory, which are the program's, change what runs here.
    return [sys.executable, "-I", "-c", _START, str(ROOT), str(parent_pid), command, *arguments]


def is_message(line: bytes) -> bool:
    """Whether a line is a message of JSON-RPC, or several of them."""
    try:
        read = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(read, dict) and read.get("jsonrpc") == "2.0"


def hand_on(source: IO[bytes], sink: IO[bytes], now: Callable[[], float], sleep: Callable[[float], object]) -> bool:
    """Write the messages among the lines of `source` to `sink` until it ends.

    Returns False at a line that is longer than MAX_LINE_BYTES.
    """
    second, lines = now(), 0
    while line := source.readline(MAX_LINE_BYTES + 1):
        if len(line) > MAX_LINE_BYTES:
            return False
        lines += 1
        if lines > LINES_PER_S:
            sleep(max(0.0, second + 1 - now()))
            second, lines = now(), 1
        elif now() - second > 1:
            second, lines = now(), 1
        if is_message(line):
            sink.write(line)
            sink.flush()
    return True


def main(arguments: Sequence[str]) -> int:
    """Run the program until it ends, and end this process; NOT_FOUND if there is none."""
    parent_pid, command, *rest = arguments
    if os.name == "posix":
        _tie(int(parent_pid))
    try:
        program = subprocess.Popen([command, *rest], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError:
        return NOT_FOUND
    assert program.stdout is not None
    try:
        whole = hand_on(program.stdout, sys.stdout.buffer, time.monotonic, time.sleep)
    except BrokenPipeError:  # the worker listens no more
        whole = True
    if whole:
        program.wait()
    else:
        program.kill()
    if os.name == "posix":
        _end_group()
    return program.wait()


def _tie(parent_pid: int) -> None:
    """Have the program, and all that it starts in its group, killed when the worker ends."""
    if os.getpgrp() != os.getpid():
        os.setsid()
    signal.signal(signal.SIGHUP, lambda *_: _end_group())
    # The whole group is asked to end: the program does so in its own way, and this behind it.
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal_when_parent_ends(parent_pid, signal.SIGHUP)


def _end_group() -> None:
    """Kill what the program has left behind, and this with it."""
    os.killpg(os.getpgrp(), signal.SIGKILL)
