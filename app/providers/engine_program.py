"""Runs a local engine as a program of its own: `python -m app.providers.engine_program PARENT_PID MODULE`.

Before the module's `main` is called, the process lets go of what it must not have of the worker that started it, and
is tied to that worker's life: an engine that is stuck, or stopped, is killed by the kernel when its worker ends.
"""

import importlib
import os
import signal
import sys

from app.server.process_ties import signal_when_parent_ends

FIRST_UNNAMED_DESCRIPTOR = 3
"""Below are standard input, output and error."""


def main(parent_pid: int, module: str) -> None:
    """Run `main` of `module`, without any descriptor of the worker but the three standard ones."""
    # A signal to the whole group (Ctrl-C, a stopping container) is the server's to answer: it drains, then ends us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.closerange(FIRST_UNNAMED_DESCRIPTOR, os.sysconf("SC_OPEN_MAX"))
    signal_when_parent_ends(parent_pid, signal.SIGKILL)
    importlib.import_module(module).main()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
