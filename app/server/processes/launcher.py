"""The parent process: keeps WEB_CONCURRENCY workers alive on one listening socket, and ends them in order.

A worker that dies, or whose event loop has not turned for WORKER_TIMEOUT_S, is started again, later each time it dies
soon; the others never notice. SIGTERM or SIGINT drains all of them; a second one has them hand over at once where
others can go on (`signals.py`), else it ends them. Workers are programs of their own (`python -m app worker`), never
forks.
"""

import asyncio
import contextlib
import logging
import secrets
import socket
import sys
import tempfile
from enum import Enum, auto

import msgspec

from app.errors import AppError
from app.server.processes.listening import url
from app.server.processes.signals import STOP_SIGNALS, StopSignal, StopSignals, hands_over, ignore_stop_signals
from app.server.processes.worker_exchange import WorkerExchange
from app.server.processes.worker_pipe import SECRET_BYTES, ListensNoMore, decode_from_worker
from app.server.processes.worker_process import WorkerProcess, start_worker
from config.settings import Settings

log = logging.getLogger(__name__)


HURRIED_S = 6.0
"""Seconds after which workers are killed that were ordered to hand over at once."""
UNFIT_ENDS_S = 60.0
"""Seconds within which a worker that has reported why it cannot serve has to end, however busy the machine is."""
LAST_LINES_S = 1.0
"""Seconds for reading what a worker wrote before it ended."""


class Backoff:
    """How long to wait before a worker is started again, in seconds."""

    def __init__(self, first_s: float = 0.1, most_s: float = 30.0, healthy_s: float = 30.0) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._healthy_s = healthy_s
        self._next_s = first_s

    def after(self, lived_s: float) -> float:
        """The next wait for a worker that had lived `lived_s` seconds: twice the last one, up to the limit; the first
        one again if it had lived long.
        """
        delay_s = self._first_s if lived_s >= self._healthy_s else self._next_s
        self._next_s = min(2 * delay_s, self._most_s)
        return delay_s


class StartError(AppError):
    """A worker ended before the server was ready for the first time. The text is one line."""

    def __init__(self, status: int, line: str) -> None:
        super().__init__(line)
        self.status = status


class Ended(msgspec.Struct, frozen=True):
    """How a worker ended. `status` is its exit status, or minus the number of the signal; `fault` is empty for none."""

    pid: int
    status: int
    lived_s: float
    fault: str = ""

    def start_failure(self) -> StartError:
        """The cause in words, if the server has never been ready."""
        if self.fault:
            return StartError(self.status, self.fault)
        return StartError(1, f"a worker ended with status {self.status} before it was ready")


class _Phase(Enum):
    STARTING = auto()
    SERVING = auto()
    STOPPING = auto()


class Launcher:
    """Owns the workers. `reference` names the app factory (`package.module:factory`) that they load."""

    def __init__(self, settings: Settings, listener: socket.socket, reference: str) -> None:
        self._settings = settings
        self._listener = listener
        self._reference = reference
        self._secret = secrets.token_bytes(SECRET_BYTES)
        self._relay_directory = ""
        self._phase = _Phase.STARTING
        self._stopping = asyncio.Event()
        self._orders = StopSignals(asyncio.get_running_loop().time, hands_over=hands_over(settings))
        self._workers: set[WorkerProcess] = set()
        self._exchange = WorkerExchange(self._workers, settings.server.state_directory)
        self._exit_status = 0
        self._start_failure: StartError | None = None

    async def run(self) -> int:
        """Serve until told to end; returns the exit status.

        Raises:
            StartError: a worker did not start.
        """
        loop = asyncio.get_running_loop()
        for signum in STOP_SIGNALS:
            loop.add_signal_handler(signum, self._signalled, signum)
        with contextlib.ExitStack() as stack:
            if self._settings.server.web_concurrency > 1:
                # A single worker needs no relay directory, and a launcher that is killed could not remove it.
                directory = tempfile.TemporaryDirectory(prefix="earshot-", ignore_cleanup_errors=True)
                self._relay_directory = stack.enter_context(directory)
            async with asyncio.TaskGroup() as slots:
                for _ in range(self._settings.server.web_concurrency):
                    slots.create_task(self._keep_one())
        self._exchange.close()
        ignore_stop_signals(loop)
        if self._start_failure is not None:
            raise self._start_failure
        return self._exit_status

    async def _keep_one(self) -> None:
        backoff = Backoff()
        while not self._stopping.is_set():
            ended = await self._one_life()
            match self._phase:
                case _Phase.STARTING:
                    self._give_up(ended.start_failure())
                case _Phase.SERVING:
                    delay_s = backoff.after(ended.lived_s)
                    log.warning("worker ended", extra=msgspec.structs.asdict(ended) | {"restart_in_s": delay_s})
                    await self._pause(delay_s)
                case _Phase.STOPPING:
                    return

    async def _one_life(self) -> Ended:
        try:
            worker = await start_worker(self._listener, self._secret, self._reference, self._relay_directory)
        except OSError as error:
            return Ended(pid=0, status=1, lived_s=0, fault=f"a worker cannot be started: {error.strerror}")
        self._workers.add(worker)
        self._exchange.greet(worker)
        try:
            await self._see_through(worker)
        finally:
            worker.kill()
            status = await worker.process.wait()
            self._workers.discard(worker)
            self._refuse_if_nobody_listens()
            self._exchange.ended(worker, status, is_serving=self._phase is _Phase.SERVING)
            await worker.hang_up()
        lived_s = asyncio.get_running_loop().time() - worker.started_at
        return Ended(worker.process.pid, status, lived_s, worker.fault)

    async def _see_through(self, worker: WorkerProcess) -> None:
        if self._phase is _Phase.STOPPING:
            worker.kill()
        await worker.heard()
        if worker.is_ready:
            log.info("worker is ready", extra={"worker": worker.process.pid})
            self._announce_once()
        listening = asyncio.create_task(self._listen(worker))
        beside = [listening, asyncio.create_task(self._end_when_silent(worker))]
        try:
            await worker.process.wait()
            # Its last lines may still be in the pipe, such as those that say which calls it had.
            await asyncio.wait([listening], timeout=LAST_LINES_S)
        finally:
            for task in beside:
                task.cancel()

    async def _end_when_silent(self, worker: WorkerProcess) -> None:
        """End a worker whose event loop has not turned for WORKER_TIMEOUT_S: it is stopped, stuck or starved of CPU."""
        timeout_s = self._settings.server.worker_timeout_s
        # A worker that cannot serve stops its signs of life and exits with a status that says why.
        await worker.silent(timeout_s if worker.is_ready else max(timeout_s, UNFIT_ENDS_S))
        log.warning(
            "worker gives no sign of life and is ended",
            extra={"worker": worker.process.pid, "silent_for_s": timeout_s},
        )
        worker.kill()

    async def _listen(self, worker: WorkerProcess) -> None:
        """Handle what a worker writes: notices for all workers, and what concerns the sessions it has."""
        async for line in worker.lines():
            try:
                message = decode_from_worker(line)
            except ValueError:
                log.warning(
                    "a line from a worker cannot be decoded and is ignored", extra={"worker": worker.process.pid}
                )
                continue
            if isinstance(message, ListensNoMore):
                worker.listens = False
                self._refuse_if_nobody_listens()
            else:
                self._exchange.take(worker, message, line)

    def _announce_once(self) -> None:
        ready = sum(worker.is_ready for worker in self._workers)
        if self._phase is _Phase.STARTING and ready == self._settings.server.web_concurrency:
            self._phase = _Phase.SERVING
            print(
                f"Earshot is listening on {url(self._listener, tls=self._settings.server.tls_certificate is not None)}",
                flush=True,
            )

    async def _pause(self, delay_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await self._stopping.wait()

    def _give_up(self, failure: StartError) -> None:
        self._start_failure = failure
        self._stop()
        for worker in self._workers:
            worker.kill()

    def _stop(self) -> None:
        self._phase = _Phase.STOPPING
        self._stopping.set()
        self._refuse_if_nobody_listens()

    def _refuse_if_nobody_listens(self) -> None:
        """Have connections refused once no worker of a server that ends takes any more.

        They would wait in the socket that all share until the last worker is gone; another server could take them.
        """
        if self._phase is _Phase.STOPPING and not any(worker.listens for worker in self._workers):
            with contextlib.suppress(OSError):  # The listener is shut down already.
                self._listener.shutdown(socket.SHUT_RDWR)

    def _signalled(self, signum: int) -> None:
        match self._orders.count():
            case StopSignal.REPEATED:
                return
            case StopSignal.HAND_OVER:
                for worker in self._workers:
                    worker.hurry()
                asyncio.get_running_loop().call_later(HURRIED_S, self._end_now, 128 + signum)
            case StopSignal.AT_ONCE:
                self._end_now(128 + signum)
            case StopSignal.DRAIN:
                self._stop()
                for worker in self._workers:
                    worker.drain()
                asyncio.get_running_loop().call_later(self._settings.server.drain_grace_s, self._end_now, 1)

    def _end_now(self, exit_status: int) -> None:
        if self._workers:
            log.warning("ending workers that have not drained", extra={"workers": len(self._workers)})
            self._exit_status = exit_status
        for worker in self._workers:
            worker.kill()


async def launch(settings: Settings, listener: socket.socket, reference: str) -> int:
    """Run a `Launcher` to its end; returns the exit status, and says in one line why the server did not start."""
    try:
        return await Launcher(settings, listener, reference).run()
    except StartError as failure:
        print(failure, file=sys.stderr)
        return failure.status
