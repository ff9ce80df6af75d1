"""A worker process from the launcher's side: starts it, reads and writes its pipe, watches it, and ends it."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from enum import Enum, auto

from app.server.processes.signals import HURRY_SIGNAL
from app.server.processes.worker_pipe import BEAT, READY

log = logging.getLogger(__name__)

SLOW_START_S = 30.0
"""Seconds after which the log says that a worker is not ready yet."""
START_LIMIT_S = 600.0
"""Seconds within which a worker has to report that it is ready; it may import and load models for minutes on a loaded
machine."""
LOOKS_PER_TIMEOUT = 5
"""How often the launcher checks for heartbeats within the time for which a worker may be silent."""


class WorkerStage(Enum):
    """The stage of a worker's life; stages follow in this order."""

    STARTING = auto()
    """The worker has not reported that it is ready."""
    SERVING = auto()
    """The worker has reported that it is ready."""
    DRAINING = auto()
    """The worker was ordered to drain, and gets no new connections."""


class WorkerProcess:
    """A running worker process and the launcher's end of the pipe to it."""

    def __init__(
        self, process: asyncio.subprocess.Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.started_at = asyncio.get_running_loop().time()
        self.stage = WorkerStage.STARTING
        self.listens = True
        """Whether it accepts connections, or will; one that drains may still do so for a while."""
        self.fault = ""
        """Why the worker cannot serve, by its own report; empty if it has reported nothing."""
        self.process = process
        self._beaten = False
        """Whether the worker has written a line since the last check for a heartbeat."""
        self._reader = reader
        self._writer = writer

    @property
    def is_ready(self) -> bool:
        """Whether the worker has reported that it is ready, even if it is draining by now."""
        return self.stage is not WorkerStage.STARTING

    async def heard(self) -> None:
        """Wait for the first line that a worker says; nothing is heard of one that dies first.

        One that says nothing within START_LIMIT_S is ended, with that as its fault.
        """
        slow = asyncio.get_running_loop().call_later(SLOW_START_S, self._tell_slow_start)
        try:
            async with asyncio.timeout(START_LIMIT_S):
                text = (await self._reader.readline()).decode().rstrip("\n")
        except TimeoutError:
            text = f"a worker was not ready within {START_LIMIT_S:g} s"
            self.kill()
        except ConnectionResetError:  # The worker died before it had read the secret.
            text = ""
        finally:
            slow.cancel()
        if text == READY:
            self.stage = WorkerStage.SERVING
        else:
            self.fault = text

    def _tell_slow_start(self) -> None:
        log.info(
            "a worker is slow to start, as on a loaded machine: it is waited for",
            extra={"worker": self.process.pid, "for_s": SLOW_START_S, "at_most_s": START_LIMIT_S},
        )

    async def lines(self) -> AsyncIterator[bytes]:
        """What a worker says after that, until it ends; signs of life and lines of excessive length are left out."""
        while not self._reader.at_eof():
            try:
                line = await self._reader.readline()
            except ConnectionResetError:  # The worker died before it had read all that it was told.
                return
            except ValueError:  # The line is too long.
                continue
            self._beaten = True
            if line and line != BEAT:
                yield line

    async def silent(self, timeout_s: float) -> None:
        """Return when the worker has given no sign of life for `timeout_s`.

        What counts are looks of this process in a row, not time: a launcher that was itself stopped, or on a machine
        that slept, finds what the worker has said meanwhile before it has looked often enough to judge.
        """
        missed = 0
        while missed < LOOKS_PER_TIMEOUT:
            self._beaten = False
            await asyncio.sleep(timeout_s / LOOKS_PER_TIMEOUT)
            missed = 0 if self._beaten else missed + 1

    def tell(self, line: bytes) -> None:
        """Write a line to the worker's pipe without waiting; the worker reads it when it can."""
        if self.stage is not WorkerStage.DRAINING and not self._writer.is_closing():
            self._writer.write(line)

    def drain(self) -> None:
        """Order the worker to drain; one that is not ready yet has nothing to drain and is ended.

        Only our sending side of the line is closed: a worker that drains still has to give signs of life.
        """
        if self.is_ready:
            self.stage = WorkerStage.DRAINING
            with contextlib.suppress(OSError):  # The worker has just ended.
                self._writer.write_eof()
        else:
            self.kill()

    def hurry(self) -> None:
        """Order a draining worker to hand over at once the sessions that it still has."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, HURRY_SIGNAL)

    async def hang_up(self) -> None:
        """Close the launcher's end of the pipe to a worker that has ended."""
        self._writer.transport.abort()
        # That the pipe was reset, as by a worker that had not read all, is kept for this, and logged if nobody asks.
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()

    def kill(self) -> None:
        """End the worker at once, even if it is stopped; does nothing if it has ended."""
        if self.process.returncode is None:
            # Process.kill() would reap a child that has just ended behind asyncio's back, and lose its status.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGKILL)


async def start_worker(listener: socket.socket, secret: bytes, reference: str, relay_directory: str) -> WorkerProcess:
    """Start a worker on `listener` that loads the app factory `reference` (`package.module:factory`).

    In `relay_directory` workers reach each other; empty for one that is alone.

    Raises:
        OSError: no process can be started.
    """
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=ours)
    # The secret goes through the pipe: other users can read the arguments and environment of a process.
    writer.write(secret)
    descriptors = (listener.fileno(), theirs.fileno())
    arguments = {
        "--socket-fd": descriptors[0],
        "--pipe-fd": descriptors[1],
        "--launcher-pid": os.getpid(),
        "--relay-directory": relay_directory,
        "--app": reference,
    }
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app", "worker", *(str(part) for pair in arguments.items() for part in pair)),
            stdin=asyncio.subprocess.DEVNULL,
            pass_fds=descriptors,
        )
    except OSError:
        writer.close()
        raise
    finally:
        theirs.close()
    return WorkerProcess(process, reader, writer)
