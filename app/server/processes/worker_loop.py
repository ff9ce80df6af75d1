"""The event loop of a worker: uvloop's, with what it takes to stop Hypercorn on it without noise."""

import asyncio
import logging
import ssl
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import uvloop
from opentelemetry import metrics

from actors.runtime.failure_counters import Failure, report_failure
from app.server.sockets.connection_limits import Connections, counted
from app.server.sockets.contained_connections import CONNECTION_FAILED
from app.server.uncaught import of_loop, uncaught

log = logging.getLogger(__name__)

_failed = metrics.get_meter("earshot").create_counter(
    "earshot.connections.failed", description="Connections dropped since what came in on them failed the server"
)
TOLD_EVERY_S = 60.0
"""Seconds in which all failures of one kind are one line of the log, since a client can cause any number of them."""

TLS_CLOSED_S = 3.0
"""Seconds for which a closed connection is kept if its client does not answer the end of TLS."""
THREADS = 32
"""The most calls of `asyncio.to_thread` that run at the same time. One that hangs keeps its thread, and engines and
tools of others may make any number of them."""
THREAD_NAME = "to_thread"
THREADS_END_S = 1.0
"""Seconds for which a worker that ends waits for such calls."""
PING_TASK = "WSStream._send_pings"
"""The name of the coroutine of Hypercorn's task that sends the pings of a WebSocket."""


class WorkerLoop(uvloop.Loop):
    """Remembers its listening servers, which Hypercorn tells nobody of, and knows how connections are cut.

    `connections` counts those that are taken, if it is given.
    """

    def __init__(self, connections: Connections | None = None) -> None:
        super().__init__()
        self._connections = connections
        self._listening: list[asyncio.AbstractServer] = []
        self._is_stopping = False
        self._told_at = -TOLD_EVERY_S
        self._contained_at = -TOLD_EVERY_S
        self._has_signals = False
        self._threads = ThreadPoolExecutor(THREADS, THREAD_NAME)
        self.set_default_executor(self._threads)
        self.set_exception_handler(lambda _loop, context: self._report(context))

    def run_until_complete(self, future: Any) -> Any:
        """Run until `future` is done, whatever anything else raises on the way.

        An engine or a tool may start tasks and timers of its own. asyncio lets a SystemExit or a KeyboardInterrupt of
        any of them stop the loop, which is the end of every conversation of this process. Here it ends what has raised
        it: a task keeps it as its exception, for whoever awaits it. Of those of one turn of the loop the last is told.
        """
        awaited = asyncio.ensure_future(future, loop=self)
        while True:
            try:
                return super().run_until_complete(awaited)
            except (SystemExit, KeyboardInterrupt) as error:
                is_own = awaited.done() and not awaited.cancelled() and awaited.exception() is error
                if is_own or not self._is_work(error):
                    raise
                self._contained(error)

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - as in the base
        """Begin no more calls of `asyncio.to_thread`, and wait for none: one that hangs would hold up the end."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def note_signal_handlers(self) -> None:
        """Note that signals raise no KeyboardInterrupt any more: one that is raised is from an engine or a tool."""
        self._has_signals = True

    def _contained(self, error: BaseException) -> None:
        is_new = time.monotonic() - self._contained_at >= TOLD_EVERY_S
        self._contained_at = time.monotonic()
        line = "something that an engine or a tool has started by itself wanted to end the process, and has ended: %s"
        level = logging.ERROR if is_new else logging.DEBUG
        report_failure(Failure.BACKGROUND, log, line, cause(error), level=level)

    def _is_work(self, error: BaseException) -> bool:
        return self._has_signals or isinstance(error, SystemExit)

    async def create_server(  # type: ignore[override]  # the base class has seven overloads of the same
        self, *args: Any, **kwargs: Any
    ) -> asyncio.AbstractServer:
        """Create a server as uvloop does, count its connections, and remember it for `stop_listening`.

        A connection over TLS that is closed is dropped after `TLS_CLOSED_S`: uvloop itself waits for half a minute.
        """
        if self._connections is not None:
            factory, *others = args
            args = (counted(factory, self._connections), *others)
        server = await super().create_server(*args, **closed_in_time(kwargs))
        self._listening.append(server)
        return server

    def stop_listening(self) -> None:
        """Take no more connections, nor requests on those on which nothing is being answered."""
        for server in self._listening:
            server.close()
        if self._connections is not None:
            self._connections.end()

    def be_quiet_about_cut_connections(self) -> None:
        """Report connections that Hypercorn cuts from now on, at the end of the grace, as what they are.

        Each is a connection on which a client is in the middle of something. Hypercorn cancels its tasks, and the
        streams of Python 3.11 report a task that was cancelled as an error of theirs.
        """
        self._is_stopping = True

    def end_pings(self) -> None:
        """Call when every WebSocket has been closed: the tasks that send pings sleep on, for up to 20 seconds.

        Hypercorn waits for all tasks of a connection before it stops.
        """
        for task in asyncio.all_tasks(self):
            if getattr(task.get_coro(), "__qualname__", "") == PING_TASK:
                task.cancel()

    def _report(self, context: dict[str, Any]) -> None:
        """Log exceptions that nothing has caught; those of connections once a minute, since any client can
        cause them.
        """
        error = context.get("exception")
        if self._is_stopping and isinstance(error, asyncio.CancelledError):
            log.info("a connection was cut: its client was in the middle of a request at the end of the grace")
        elif context.get("message") == CONNECTION_FAILED and isinstance(error, Exception) and is_lost(error):
            log.debug("a connection was lost: its client does not answer any more: %s", cause(error))
        elif context.get("message") == CONNECTION_FAILED and isinstance(error, Exception):
            _failed.add(1)
            if time.monotonic() - self._told_at >= TOLD_EVERY_S:
                self._told_at = time.monotonic()
                log.warning("a connection is dropped: the server failed at what its client sent: %s", cause(error))
        else:
            # asyncio itself would write the exception with its words, which may be what somebody has said.
            uncaught(of_loop(context), error if isinstance(error, BaseException) else None)


def hanging_threads() -> list[str]:
    """Wait for `THREADS_END_S` until all calls of `asyncio.to_thread` are over; returns the threads of those that are
    not, which hold up the end of the process.
    """
    ends_at = time.monotonic() + THREADS_END_S
    threads = [each for each in threading.enumerate() if each.name.startswith(f"{THREAD_NAME}_")]
    for thread in threads:
        thread.join(max(0.0, ends_at - time.monotonic()))
    return [thread.name for thread in threads if thread.is_alive()]


def closed_in_time(options: dict[str, Any]) -> dict[str, Any]:
    """The options of `create_server`, with a bound for closing connections if it speaks TLS."""
    return options if options.get("ssl") is None else {"ssl_shutdown_timeout": TLS_CLOSED_S, **options}


def is_lost(error: BaseException) -> bool:
    """Whether a connection failed because the network has lost it, such as a client that is gone without a word.

    Hypercorn expects only what the system calls a connection error: no time-out, and no unreachable host.
    """
    first = _first_of(error)
    return isinstance(first, OSError) and not isinstance(first, ssl.SSLError)


def _first_of(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def cause(error: BaseException) -> str:
    """The type of an error and where it was raised; of a group, of the first one in it. Nothing of its text, which may
    hold what a client has sent.
    """
    error = _first_of(error)
    frames = traceback.extract_tb(error.__traceback__)
    place = f", {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"
