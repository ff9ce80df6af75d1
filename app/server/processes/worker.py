"""One worker process: the app on the launcher's socket, on uvloop, from its start to its last close frame.

The launcher holds the other end of the worker pipe, a stream socket. It sends a secret, the same to all workers of the
server. The worker writes one line of text to it: `ready`, or the fault that keeps it from starting. From then on both
send notices, a line each (`worker_bus.py`), and the worker a sign of life every second for as long as its loop turns.
When the launcher closes its sending side the worker drains; when it dies, the worker is an orphan (`orphan.py`).
"""

import asyncio
import gc
import logging
import os
import signal
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Self, cast

import msgspec
from hypercorn.asyncio import serve
from hypercorn.config import Config
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.typing import Framework
from hypercorn.utils import LifespanTimeoutError
from starlette.types import ASGIApp

from app.limits.client_address import networks_of
from app.plugins import resolve
from app.server.asgi_relay import RelayServer
from app.server.configuration_errors import CONFIGURATION_ERRORS
from app.server.lifecycle import Lifecycle
from app.server.logs import configure_logging
from app.server.processes.listening import BACKLOG
from app.server.processes.orphan import OrphanWatch
from app.server.processes.process_ties import signal_when_parent_ends
from app.server.processes.signals import HURRY_SIGNAL, StopSignal, StopSignals, hands_over
from app.server.processes.worker_loop import WorkerLoop, hanging_threads
from app.server.processes.worker_pipe import BEAT_INTERVAL_S, FAULT_STATUS, READY, SECRET_BYTES
from app.server.sockets.compression import Uncompressed
from app.server.sockets.connection_limits import FIRST_REQUEST_S, AnsweredRequests, Connections
from app.server.sockets.contained_connections import contain_failures
from app.server.sockets.handshake_refusals import close_refused_handshakes
from app.server.sockets.hypercorn_fast_path import HypercornFastPath
from app.server.sockets.open_sockets import OpenSockets
from app.server.sockets.protocol_violations import answer_protocol_violations
from app.server.tls import tls_files
from app.server.uncaught import report_uncaught
from app.telemetry.exporting import exporting
from config.secret import Secret
from config.settings import Settings, read_settings

log = logging.getLogger(__name__)

GARBAGE_THRESHOLDS = (20_000, 20, 20)
"""The arguments of `gc.set_threshold`: the young generation is collected when as many more objects were made than
freed, the older ones after as many collections of the next younger."""

REQUESTS_S = 5.0
"""The most seconds of the rest of the grace period for requests in progress when all sessions have ended."""

START_LIMIT_S = 600.0
"""Seconds within which the app has to start; on a loaded machine it is only slow."""

FAST_PATH_PART = "the WebSocket fast path"

AppFactory = Callable[[Settings, Lifecycle], ASGIApp]


class Margins(msgspec.Struct, frozen=True):
    """How DRAIN_GRACE_S is spent, in seconds: the sessions have nearly all of it, what follows them a little."""

    sessions_s: float
    close_frames_s: float
    requests_s: float
    lifespan_s: float

    @classmethod
    def of(cls, grace_s: float) -> Self:
        """A quarter of what the sessions leave is kept for the process to end."""
        rest_s = min(3.0, 0.3 * grace_s)
        return cls(grace_s - rest_s, rest_s / 4, rest_s / 4, rest_s / 4)


def run_worker(socket_fd: int, pipe_fd: int, launcher_pid: int, reference: str, *, relay_directory: str = "") -> int:
    """Serve until drained; returns the exit status."""
    # A worker that is stopped while its launcher dies has to go on, to notice and to end.
    signal_when_parent_ends(launcher_pid, signal.SIGCONT)
    pipe = socket.socket(fileno=pipe_fd)
    for descriptor in (socket_fd, pipe_fd):
        os.set_inheritable(descriptor, False)
    orphan_watch = OrphanWatch(pipe)
    orphan_watch.start()
    try:
        lifecycle = Lifecycle(_server_secret(pipe), Path(relay_directory) if relay_directory else None)
        settings = read_settings()
        configure_logging(settings.logs.level, settings.logs.format, content=settings.logs.content)
        report_uncaught()
        limits = settings.limits
        connections = Connections(limits.client_idle_connections, networks_of(limits.trusted_proxies))
        loop_factory = partial(WorkerLoop, connections)
        with exporting(settings.telemetry), asyncio.Runner(loop_factory=loop_factory) as runner:
            worker = _Worker(
                _with_real_port(settings, socket_fd),
                lifecycle,
                socket_fd,
                pipe,
                orphan_watch,
                launcher_pid,
                connections,
            )
            runner.run(worker.serve(resolve(reference)))
    except LifespanTimeoutError:
        log.warning("the app did not stop within DRAIN_GRACE_S")
        return 1
    except Exception as error:
        fault = _configuration_fault(error)
        if fault is None:
            log.exception("worker failed")
            return 1
        pipe.sendall(f"{fault}\n".encode())
        return FAULT_STATUS
    if hanging := hanging_threads():
        # Python would wait for them without end.
        log.warning("the worker ends though calls of an engine or a tool hang: %s", ", ".join(hanging))
        logging.shutdown()
        os._exit(0)
    return 0


class _Worker:
    """The server of one worker process, from its start to its last close frame."""

    def __init__(
        self,
        settings: Settings,
        lifecycle: Lifecycle,
        socket_fd: int,
        pipe: socket.socket,
        orphan_watch: OrphanWatch,
        launcher_pid: int,
        connections: Connections,
    ) -> None:
        self._launcher_pid = launcher_pid
        self._settings = settings
        self._lifecycle = lifecycle
        self._pipe = pipe
        self._orphan_watch = orphan_watch
        self._connections = connections
        self._margins = Margins.of(settings.server.drain_grace_s)
        self._hypercorn = _hypercorn(socket_fd, self._margins, settings.server.websocket_ping_interval_s)
        if files := tls_files(settings):
            self._hypercorn.certfile, self._hypercorn.keyfile = map(str, files)
            self._hypercorn.alpn_protocols = ["http/1.1"]
        H11Protocol._check_protocol = _stay_at_http_1  # type: ignore[method-assign,assignment]
        close_refused_handshakes()
        contain_failures()
        answer_protocol_violations()

    async def serve(self, create_app: AppFactory) -> None:
        """Serve an app until drained."""
        sockets = OpenSockets(create_app(self._settings, self._lifecycle))
        on_missing = partial(self._lifecycle.report_degradation, FAST_PATH_PART)
        fast_path = HypercornFastPath(sockets, self._settings.server.websocket_ping_interval_s, on_missing)
        framework = cast(Framework, AnsweredRequests(Uncompressed(fast_path), self._connections))
        until_drained = partial(self._until_drained, sockets)
        directory = self._lifecycle.relay_directory
        relay = None if directory is None else RelayServer(sockets, directory, self._lifecycle.siblings)
        if relay is not None:
            await relay.start()
        try:
            await serve(framework, self._hypercorn, shutdown_trigger=until_drained, mode="asgi")
        finally:
            if relay is not None:
                relay.close(is_orphan=os.getppid() != self._launcher_pid)

    async def _until_drained(self, sockets: OpenSockets) -> None:
        """Wait for the order to drain, and drain. Hypercorn calls this when it listens, and stops when it returns."""
        loop = cast(WorkerLoop, asyncio.get_running_loop())
        ordered = _drain_order(self._pipe, self._lifecycle, can_hand_over=hands_over(self._settings))
        loop.note_signal_handlers()
        self._watch_for_orphaning(ordered)
        _keep_garbage_collection_out_of_the_talk()
        self._lifecycle.ready()
        self._pipe.sendall(f"{READY}\n".encode())
        self._beating = asyncio.create_task(self._beat(), name="heartbeat")
        await ordered.wait()
        log.info("draining")
        loop.be_quiet_about_cut_connections()
        ends_at = loop.time() + self._settings.server.drain_grace_s
        await self._lifecycle.drain(loop.time() + self._margins.sessions_s)
        await sockets.close_all("the server is restarting", self._margins.close_frames_s)
        self._lifecycle.stopped()
        loop.end_pings()
        # The steps that follow may use the time that the sessions have not needed: a loaded machine takes longer.
        left_s = ends_at - loop.time()
        self._hypercorn.graceful_timeout = max(self._margins.requests_s, min(REQUESTS_S, left_s / 2))
        self._hypercorn.shutdown_timeout = max(self._margins.lifespan_s, left_s - self._hypercorn.graceful_timeout)

    async def _beat(self) -> None:
        """Send the launcher a sign of life, each second, until the process ends."""
        while True:
            self._lifecycle.worker_bus.beat()
            await asyncio.sleep(BEAT_INTERVAL_S)

    def _watch_for_orphaning(self, ordered: asyncio.Event) -> None:
        loop = cast(WorkerLoop, asyncio.get_running_loop())

        def orphaned() -> None:
            loop.stop_listening()
            ordered.set()

        self._orphan_watch.serve(
            orphaned, loop_timeout_s=self._settings.server.worker_timeout_s, grace_s=self._settings.server.drain_grace_s
        )


def _keep_garbage_collection_out_of_the_talk() -> None:
    """Exempt all objects that exist from the collector, and have it look seldom at those that are made later.

    Nearly all objects that a frame of audio makes are freed with their last reference. Nothing is collected here, since
    that would hold up the start.
    """
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    gc.enable()  # `python -m app worker` starts with the collector disabled.


def _drain_order(pipe: socket.socket, lifecycle: Lifecycle, *, can_hand_over: bool) -> asyncio.Event:
    """Set when the launcher closes its end of the pipe, or by this process's first SIGTERM or SIGINT.

    A second signal ends the process, or has it hand over at once what it has where others can go on. The launcher's
    order does not count as a first one: some platforms signal every process of a container, the launcher among them.
    """
    loop = asyncio.get_running_loop()
    ordered = asyncio.Event()
    orders = StopSignals(loop.time, hands_over=can_hand_over)

    def on_signal(signum: int) -> None:
        match orders.count():
            case StopSignal.REPEATED:
                return
            case StopSignal.HAND_OVER:
                lifecycle.hurry()
            case StopSignal.AT_ONCE:
                os._exit(128 + signum)
            case StopSignal.DRAIN:
                ordered.set()

    lifecycle.worker_bus.connect(pipe, ordered.set)
    loop.add_signal_handler(HURRY_SIGNAL, lifecycle.hurry)
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, on_signal, signum)
    return ordered


def _hypercorn(socket_fd: int, margins: Margins, ping_interval_s: float) -> Config:
    config = Config()
    config.bind = [f"fd://{socket_fd}"]
    config.backlog = BACKLOG
    config.errorlog = logging.getLogger("hypercorn.error")
    config.accesslog = None
    config.include_server_header = False
    config.websocket_max_message_size = 1 << 20
    config.websocket_ping_interval = ping_interval_s
    # Load balancers keep connections for a minute and take our closing one first for an error of ours.
    config.keep_alive_timeout = 75.0
    config.ssl_handshake_timeout = FIRST_REQUEST_S
    config.startup_timeout = START_LIMIT_S
    config.graceful_timeout = margins.requests_s
    config.shutdown_timeout = margins.lifespan_s
    return config


async def _stay_at_http_1(_protocol: H11Protocol, _request: object) -> None:
    """Stands in for what has Hypercorn change over to HTTP/2 where a client asks for that without TLS.

    One packet of HTTP/2 holds thousands of streams that are begun and reset, each of which costs a task and a request:
    the loop would stand still for what one client sends. Its WebSockets share a transport, so that none has
    back-pressure of its own. An offer to upgrade may be ignored (RFC 9110, 7.8); a client that begins with HTTP/2's
    preface is answered that there is nothing at its path, in HTTP/1.1, which it does not understand.
    """


def _server_secret(pipe: socket.socket) -> Secret:
    secret = pipe.recv(SECRET_BYTES, socket.MSG_WAITALL)
    if len(secret) < SECRET_BYTES:
        raise ConnectionError("the launcher is gone")
    return Secret(secret.hex())


def _with_real_port(settings: Settings, socket_fd: int) -> Settings:
    with socket.socket(fileno=os.dup(socket_fd)) as listener:
        return msgspec.structs.replace(
            settings, server=msgspec.structs.replace(settings.server, port=listener.getsockname()[1])
        )


def _configuration_fault(error: BaseException | None) -> Exception | None:
    """The fault of the configuration behind `error`, if any: Starlette and Hypercorn raise their own on top of it."""
    while error is not None:
        if isinstance(error, CONFIGURATION_ERRORS):
            return error
        error = error.__cause__ or error.__context__
    return None
