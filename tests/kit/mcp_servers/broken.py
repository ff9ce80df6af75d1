"""An MCP server that goes wrong: `python -m tests.kit.mcp_servers.broken FAULT [FILE]`.

FAULT is a function of this module. `deaf` and `family` write the ids of their processes to FILE.
"""

import json
import os
import signal
import subprocess
import sys
import time


def silent() -> None:
    """Start, and answer nothing."""
    time.sleep(300)


def gone() -> None:
    """End at once."""
    sys.exit(3)


def rubbish() -> None:
    """Answer each line with what is no message, or none that was asked for."""
    for _ in sys.stdin:
        for answer in ("hello", "{", "[1]", json.dumps({"jsonrpc": "2.0", "id": "x", "result": 7})):
            print(answer, flush=True)


def endless() -> None:
    """Write a line that never ends."""
    while True:
        sys.stdout.write("x" * 65_536)


def talkative() -> None:
    """Write a lot to standard error and lines that are no messages, and be a good server besides."""
    sys.stderr.write("noise, and what a caller says\n" * 200_000)
    print("starting the server ...\n" * 1_000, flush=True)
    from tests.kit.mcp_servers.crm import server

    server.run()


def deaf() -> None:
    """Be a server that ends neither with its input nor when it is asked to."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _note(os.getpid())
    time.sleep(300)


def family() -> None:
    """Be a good server with a child that does not end by itself."""
    child = subprocess.Popen(["sleep", "300"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _note(os.getpid(), child.pid)
    from tests.kit.mcp_servers.crm import server

    server.run()


def _note(*pids: int) -> None:
    part = sys.argv[2] + ".part"
    with open(part, "w") as file:
        file.write(" ".join(map(str, pids)))
    os.replace(part, sys.argv[2])


if __name__ == "__main__":
    globals()[sys.argv[1]]()
