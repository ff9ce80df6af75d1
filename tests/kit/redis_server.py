"""A real redis-server of a test's own: on a Unix socket or a free port of loopback, keeping nothing on disk."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from redis.connection import UnixDomainSocketConnection
from redis.exceptions import RedisError, ResponseError

from tests.kit.serving import alive

START_S = 20.0
_Connection: Any = UnixDomainSocketConnection
"""It has no types."""


class RedisServer:
    """Starts a server in `directory`, and can take its ability to answer away. Stop it with `stop`."""

    def __init__(self, directory: Path, *options: str, port: int = 0) -> None:
        self.directory = directory
        self.socket = directory / "redis.sock"
        self.port = port
        self.url = f"unix://{self.socket}"
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it, again after `kill`; empty, since it keeps nothing. Returns when it answers."""
        self.socket.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [
                *("redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--unixsocket", str(self.socket)),
                *("--save", "", "--appendonly", "no", "--dir", str(self.directory), "--daemonize", "no"),
                *("--logfile", str(self.directory / "redis.log"), *self._options),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + START_S
        while not self._answers():
            assert self._process.poll() is None, (self.directory / "redis.log").read_text()
            assert time.monotonic() < deadline, "redis-server does not answer"
            time.sleep(0.02)

    @property
    def pid(self) -> int:
        """Of the server."""
        assert self._process is not None
        return self._process.pid

    def freeze(self) -> None:
        """Stop the process as it stands: connections stay open and nothing answers."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End it at once, with all that it holds."""
        assert self._process is not None
        if alive(self.pid):
            os.kill(self.pid, signal.SIGKILL)
        self._process.wait(START_S)

    def command(self, *words: str) -> str:
        """What the server answers, as `redis-cli` writes it. No process is started: many a test asks until it is so.

        Raises:
            ConnectionError: it does not answer, or has dropped the connection.
        """
        connection = _Connection(path=str(self.socket), socket_timeout=30, decode_responses=True, protocol=2)
        try:
            connection.connect()
            connection.send_command(*words)
            return "\n".join(_lines(connection.read_response())).strip()
        except ResponseError as refused:
            return f"ERR {refused}"
        except RedisError as error:
            raise ConnectionError(str(error)) from error
        finally:
            connection.disconnect()

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.settimeout(1)
                probe.connect(str(self.socket))
                probe.sendall(b"PING\r\n")
                # One that wants a password or is loading answers too.
                return probe.recv(64)[:1] in (b"+", b"-")
            except OSError:
                return False


def _lines(answer: Any) -> Iterator[str]:
    if isinstance(answer, list):
        for each in answer:
            yield from _lines(each)
    else:
        yield "" if answer is None else str(answer).replace("\r\n", "\n")


@contextmanager
def redis_server(directory: Path, *options: str, port: int = 0) -> Iterator[RedisServer]:
    """A server that ends with the block, whatever state it is in."""
    server = RedisServer(directory, *options, port=port)
    try:
        yield server
    finally:
        server.kill()
