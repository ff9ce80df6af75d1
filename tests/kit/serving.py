"""`python -m app serve` as a real process on a free port, for tests."""

import os
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from subprocess import PIPE
from typing import IO

import httpx
from websockets.sync.client import ClientConnection, connect

from tests.kit.forking import start

ROOT = Path(__file__).parents[2]

STARTS_S = 120.0
"""A server that has not said where it listens by then is taken for one that hangs, however busy the machine is."""
RUNS_S = 280
"""A command has ended by itself by then: a little less than what a test may take."""

SOONEST_S, LATEST_S = 0.02, 0.1
"""What is waited for is looked at again after so long, at first and in the end."""
LATER = 0.1
"""And in between, after this part of how long it has been waited for."""

EARSHOT = ""

AUTHORITIES = ssl.create_default_context()
"""Those that httpx trusts by default. It would read them for each client anew, which takes longer than what it asks."""


def serve_command(factory: str = "create_app") -> list[str]:
    """The command that serves an app of `tests.kit.served`, or with EARSHOT as the factory the product itself."""
    app = ["--app", f"tests.kit.served:{factory}"] if factory else []
    return [sys.executable, "-m", "app", "serve", *app]


def environment(**variables: str) -> dict[str, str]:
    """A clean one: loopback, a free port, a worker that takes sessions on a busy machine too, and `variables`."""
    return {"PATH": os.defpath, "HOST": "127.0.0.1", "PORT": "0", "MAX_LOOP_LAG_S": "10", **variables}


def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command that ends by itself, and leaves no temporary file behind."""
    return _run(command, variables, afresh=False)


def run_afresh(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The same, never by a fork: for tests of how a program starts."""
    return _run(command, variables, afresh=True)


def _run(command: Sequence[str], variables: dict[str, str], *, afresh: bool) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory(prefix="run-") as temporary:
        environ = environment(**{"TMPDIR": temporary, **variables})
        with start(command, environ, afresh=afresh, stdout=PIPE, stderr=PIPE, text=True) as process:
            try:
                told, errors = process.communicate(timeout=RUNS_S)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        assert os.listdir(temporary) == [], "temporary files that a command has left behind"
    return subprocess.CompletedProcess(command, process.returncode, told, errors)


class Server:
    """A server that has said it listens."""

    def __init__(self, process: subprocess.Popen[str], url: str, sockets: ExitStack, errors: IO[str]) -> None:
        self.process = process
        self.url = url
        self._sockets = sockets
        self._errors = errors

    def log(self) -> str:
        """What has been written on standard error so far, by the launcher, its workers and their engines."""
        # By another description of the file: the processes write at the position of this one.
        return Path(f"/proc/self/fd/{self._errors.fileno()}").read_text()

    def pid_of_a_worker(self) -> int:
        """Whichever worker takes a new connection."""
        return int(self.get("/who").json()["pid"])

    def get(self, path: str) -> httpx.Response:
        """GET over a new connection."""
        return httpx.get(self.url + path, trust_env=False, verify=AUTHORITIES, timeout=60)

    def socket(self, path: str = "/echo") -> tuple[int, ClientConnection]:
        """A WebSocket, open until it or the test ends, and the pid of the worker that has it."""
        address = self.url.replace("http", "ws", 1) + path
        connection = self._sockets.enter_context(connect(address, proxy=None, open_timeout=60, close_timeout=1))
        return int(connection.recv(timeout=60)), connection

    def signal(self, signum: signal.Signals) -> None:
        """Signal the launcher."""
        self.process.send_signal(signum)


def serving(factory: str = "create_app", **variables: str) -> AbstractContextManager[Server]:
    """Serve an app of `tests.kit.served`, or EARSHOT; what is left of it is killed at the end.

    Its temporary files are in a directory of its own. One that has ended by itself may leave none behind; one that is
    killed cannot remove them. It is a fork of a process that has imported the product, where that is the same
    (`tests/kit/forking.py`).
    """
    return _serving(factory, variables, afresh=False)


def serving_afresh(factory: str = "create_app", **variables: str) -> AbstractContextManager[Server]:
    """The same, never by a fork: for tests of how a server starts."""
    return _serving(factory, variables, afresh=True)


@contextmanager
def _serving(factory: str, variables: dict[str, str], *, afresh: bool) -> Iterator[Server]:
    with (
        tempfile.TemporaryFile("w+") as errors,
        tempfile.TemporaryDirectory(prefix="serving-", ignore_cleanup_errors=True) as temporary,
        start(
            serve_command(factory),
            environment(**{"TMPDIR": temporary, **variables}),
            afresh=afresh,
            stdout=PIPE,
            stderr=errors,
            text=True,
        ) as process,
        ExitStack() as sockets,
    ):
        sockets.callback(_kill, process)
        line = _first_line(process)
        server = Server(process, line.split()[-1] if line else "", sockets, errors)
        assert line.startswith("Earshot is listening on "), server.log()
        yield server
        if process.poll() is not None and process.returncode >= 0:
            assert os.listdir(temporary) == [], "temporary files that a server has left behind"


def _first_line(process: subprocess.Popen[str]) -> str:
    """What a server says first; empty if it has ended without a word, or was killed for saying nothing in time."""
    assert process.stdout is not None
    silence = threading.Timer(STARTS_S, process.kill)
    silence.start()
    try:
        return process.stdout.readline()
    finally:
        silence.cancel()


def _kill(launcher: subprocess.Popen[str]) -> None:
    """End a launcher and its workers, which would otherwise still drain; engines end with their worker."""
    workers = children(launcher.pid)
    launcher.kill()
    for pid in workers:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    # What they have written is removed then: nobody may add to it.
    eventually(lambda: not any(alive(pid) for pid in workers))


def children(pid: int) -> list[int]:
    """Processes that a process has started and that still exist."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def alive(pid: int) -> bool:
    """Whether a process exists and has not ended; one that nobody has waited for yet has ended.

    Its first thread may have ended before the others, with which its sockets stay open.
    """
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state not in "ZX" or len(os.listdir(f"/proc/{pid}/task")) > 1
    except FileNotFoundError:
        return False


def stopped(pid: int) -> bool:
    """Whether a process has been stopped by SIGSTOP and not been let go on."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def eventually(holds: Callable[[], bool], within_s: float = 60) -> None:
    """Wait until something holds. To look may cost a request: what takes long is looked at less often.

    Raises:
        AssertionError: it did not in time.
    """
    began = time.monotonic()
    while not holds():
        waited_s = time.monotonic() - began
        assert waited_s < within_s, "not in time"
        time.sleep(min(max(SOONEST_S, waited_s * LATER), LATEST_S))
