"""One worker process: the app on the launcher's socket, on uvloop, from its start to its last close frame.

The launcher holds the other end of the line, a stream socket. It sends a secret, the same to all workers of the server.
The worker writes one line of text to it: `ready`, or the fault that keeps it from starting. From then on both send
notices, a line each (`app/siblings.py`). When the launcher closes its end, on purpose or by dying, the worker drains.
"""

import asyncio
import gc
import logging
import os
import signal
import socket
from collections.abc import Callable
from typing import Self, cast

import msgspec
import uvloop
from hypercorn.asyncio import serve
from hypercorn.config import Config
from hypercorn.typing import Framework
from starlette.types import ASGIApp

from app.compression import Uncompressed
from app.faults import CONFIGURATION_FAULTS
from app.hypercorn_sockets import HypercornSockets
from app.lifecycle import Lifecycle
from app.line import FAULT_STATUS, READY, SECRET_BYTES
from app.listening import BACKLOG
from app.logs import configure_logging
from app.open_sockets import OpenSockets
from app.orders import Order, Orders
from app.references import resolve
from app.siblings import Siblings
from config.settings import Secret, Settings, read_settings

log = logging.getLogger(__name__)

GARBAGE_THRESHOLDS = (20_000, 20, 20)
"""The young generation is collected after so many objects more than went, the older ones after so many times that."""

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


def run_worker(socket_fd: int, line_fd: int, reference: str) -> int:
    """Serve until drained; returns the exit status."""
    line = socket.socket(fileno=line_fd)
    line.set_inheritable(False)
    try:
        lifecycle = Lifecycle(_server_secret(line))
        settings = read_settings()
        configure_logging(settings.log_level)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(_with_real_port(settings, socket_fd), lifecycle, socket_fd, line, reference))
    except Exception as error:
        fault = _configuration_fault(error)
        if fault is None:
            log.exception("worker failed")
            return 1
        line.sendall(f"{fault}\n".encode())
        return FAULT_STATUS
    return 0


async def _serve(settings: Settings, lifecycle: Lifecycle, socket_fd: int, line: socket.socket, reference: str) -> None:
    create_app: AppFactory = resolve(reference)
    sockets = OpenSockets(create_app(settings, lifecycle))
    margins = Margins.of(settings.drain_grace_s)

    async def until_drained() -> None:
        """Hypercorn calls this when it has begun to listen, and stops when it returns."""
        ordered = _drain_order(line, lifecycle.siblings)
        _keep_garbage_collection_out_of_the_talk()
        lifecycle.ready()
        line.sendall(f"{READY}\n".encode())
        await ordered.wait()
        log.info("draining")
        await lifecycle.drain(asyncio.get_running_loop().time() + margins.sessions_s)
        await sockets.close_all("the server is restarting", margins.close_frames_s)
        lifecycle.stopped()

    framework = cast(Framework, Uncompressed(HypercornSockets(sockets)))
    await serve(framework, _hypercorn(socket_fd, margins), shutdown_trigger=until_drained, mode="asgi")


def _keep_garbage_collection_out_of_the_talk() -> None:
    """What is there from the start is never looked at again, and a call's own objects are looked at seldom: nearly all
    that a frame makes is gone with its last reference. Nothing is collected here: that would hold up the start."""
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


def _drain_order(line: socket.socket, siblings: Siblings) -> asyncio.Event:
    """Set when the launcher closes its end of the line, or by this process's first SIGTERM or SIGINT.

    A second signal ends the process. The launcher's order does not count as a first one: some platforms signal every
    process of a container, the launcher among them.
    """
    loop = asyncio.get_running_loop()
    ordered = asyncio.Event()
    orders = Orders(loop.time)

    def on_signal(signum: int) -> None:
        match orders.count():
            case Order.REPEATED:
                return
            case Order.AT_ONCE:
                os._exit(128 + signum)
            case Order.DRAIN:
                ordered.set()

    siblings.connect(line, ordered.set)
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, on_signal, signum)
    return ordered


def _hypercorn(socket_fd: int, margins: Margins) -> Config:
    config = Config()
    config.bind = [f"fd://{socket_fd}"]
    config.backlog = BACKLOG
    config.errorlog = logging.getLogger("hypercorn.error")
    config.accesslog = None
    config.include_server_header = False
    config.websocket_max_message_size = 1 << 20
    config.websocket_ping_interval = 20.0
    # Load balancers keep connections for a minute and take our closing one first for an error of ours.
    config.keep_alive_timeout = 75.0
    config.graceful_timeout = margins.requests_s
    config.shutdown_timeout = margins.lifespan_s
    return config


def _server_secret(line: socket.socket) -> Secret:
    secret = line.recv(SECRET_BYTES, socket.MSG_WAITALL)
    if len(secret) < SECRET_BYTES:
        raise ConnectionError("the launcher is gone")
    return Secret(secret.hex())


def _with_real_port(settings: Settings, socket_fd: int) -> Settings:
    with socket.socket(fileno=os.dup(socket_fd)) as listener:
        return msgspec.structs.replace(settings, port=listener.getsockname()[1])


def _configuration_fault(error: BaseException | None) -> Exception | None:
    """The fault of the configuration behind `error`, if any: Starlette and Hypercorn raise their own on top of it."""
    while error is not None:
        if isinstance(error, CONFIGURATION_FAULTS):
            return error
        error = error.__cause__ or error.__context__
    return None
