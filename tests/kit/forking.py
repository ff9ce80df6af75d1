"""Starts commands of the product by a fork of a process that has imported it, where that is the same.

A test run starts some hundreds of servers. Importing the product anew takes each launcher and each worker most of the
processor time of its start. A fork is the same where nothing but the product's own variables is in the environment:
what Python and libraries read when they are started or imported has been read by then.
"""

import atexit
import ctypes
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

from tests.kit.forked_program import ForkedPopen
from tests.kit.source import ROOT

PR_GET_CHILD_SUBREAPER = 37
"""Of prctl(2)."""

READ_EARLY = (
    "AIOHTTP_", "LC_", "LD_", "MALLOC_", "OMP_", "OPENBLAS_", "OPENSSL_", "ORT_", "OTEL_PROPAGATORS", "OTEL_PYTHON_",
    "PYTHON", "WEBSOCKETS_",
)  # fmt: skip
"""How variables begin that are read when Python starts or a module is imported; `READ_EARLY_TOO` are whole names."""
READ_EARLY_TOO = {"LANG", "LANGUAGE", "TZ"}


class ForkServer:
    """A process that has imported the product, and forks programs of it that become children of this process."""

    def __init__(self) -> None:
        self._order = threading.Lock()
        self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.kit.fork_server", str(theirs.fileno())],
                cwd=ROOT,
                env={"PATH": os.defpath},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        self.pid = self._process.pid
        atexit.register(self.close)

    def fork(self, command: Sequence[str], environ: Mapping[str, str], streams: Sequence[int]) -> int:
        """Start a program.

        Args:
            command: A path of Python, `-m`, the module, and its arguments.
            environ: Its whole environment.
            streams: Its standard input, output and error.

        Returns:
            Its process id; it is a child of this process.

        Raises:
            RuntimeError: the fork server is gone.
        """
        order = json.dumps({"command": list(command), "environ": dict(environ)}).encode()
        with self._order:
            socket.send_fds(self._orders, [order], streams)
            if not (answer := self._orders.recv(32)):
                raise RuntimeError("the fork server has ended; what it said is on standard error")
        return int(answer)

    def close(self) -> None:
        """End it; what it has forked goes on."""
        self._orders.close()
        self._process.wait()


_starting = threading.Lock()
"""Servers are started on several threads at once, which share a fork server."""


def fork_server() -> ForkServer:
    """The one of this process, started when it is first asked for."""
    with _starting:
        return _fork_server()


@cache
def _fork_server() -> ForkServer:
    return ForkServer()


def is_fork_server(pid: int) -> bool:
    """Whether a process is the fork server of this one."""
    return _fork_server.cache_info().currsize > 0 and fork_server().pid == pid


class _Forked(ForkedPopen):
    """A child of this process that the fork server has made."""

    def fork_child(
        self, command: Sequence[str], environ: Mapping[str, str] | None, streams: Sequence[int], kept: Collection[int]
    ) -> int:
        """Have it made, with the streams of this process where none are given."""
        assert environ is not None
        assert not kept
        return fork_server().fork(command, environ, [own if given < 0 else given for own, given in enumerate(streams)])


def start(command: Sequence[str], environ: Mapping[str, str], *, afresh: bool = False, **more: Any) -> Any:
    """Start a command in the root of the repository: a fork where that is the same, else executed.

    Args:
        command: What is executed otherwise.
        environ: Its whole environment.
        afresh: It is executed whatever it is.
        more: What Popen is told besides.

    Returns:
        The Popen of a child of this process.
    """
    popen = subprocess.Popen if afresh or not can_fork(command, environ) else _Forked
    return popen(list(command), cwd=ROOT, env=dict(environ), **more)


def can_fork(command: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Whether a fork does as well: `python -m app ...`, in an environment of which nothing is read early.

    It becomes a child of this process only if that is a subreaper, as test runs are (`tests/conftest.py`).
    """
    ours = list(command[:3]) == [sys.executable, "-m", "app"]
    return ours and not any(map(_is_read_early, environ)) and _is_subreaper()


def _is_read_early(name: str) -> bool:
    return name.startswith(READ_EARLY) or name in READ_EARLY_TOO


@cache
def _is_subreaper() -> bool:
    if not sys.platform.startswith("linux"):
        return False
    answer = ctypes.c_int()
    ctypes.CDLL(None).prctl(PR_GET_CHILD_SUBREAPER, ctypes.byref(answer), 0, 0, 0)
    return bool(answer.value)
