"""The event loop of a worker: uvloop's, with what it takes to stop Hypercorn on it without noise."""

import asyncio
import logging
from typing import Any

import uvloop

log = logging.getLogger(__name__)

PING_TASK = "WSStream._send_pings"
"""Hypercorn's task for each WebSocket that sends its pings, by the name of its coroutine."""


class WorkerLoop(uvloop.Loop):
    """Remembers its listening servers, which Hypercorn tells nobody of, and knows how connections are cut."""

    def __init__(self) -> None:
        super().__init__()
        self._listening: list[asyncio.AbstractServer] = []

    async def create_server(  # type: ignore[override]  # the base class has seven overloads of the same
        self, *args: Any, **kwargs: Any
    ) -> asyncio.AbstractServer:
        """Create a server as uvloop does, and remember it for `stop_listening`."""
        server = await super().create_server(*args, **kwargs)
        self._listening.append(server)
        return server

    def stop_listening(self) -> None:
        """Take no more connections; those that are open stay so."""
        for server in self._listening:
            server.close()

    def be_quiet_about_cut_connections(self) -> None:
        """Report connections that Hypercorn cuts from now on, at the end of the grace, as what they are.

        Each is a connection on which a client is in the middle of something. Hypercorn cancels its tasks, and the
        streams of Python 3.11 report a task that was cancelled as an error of theirs.
        """
        self.set_exception_handler(_log_unless_cut)

    def end_pings(self) -> None:
        """Call when every WebSocket has been closed: the tasks that send pings sleep on, for up to 20 seconds.

        Hypercorn waits for all tasks of a connection before it stops.
        """
        for task in asyncio.all_tasks(self):
            if getattr(task.get_coro(), "__qualname__", "") == PING_TASK:
                task.cancel()


def _log_unless_cut(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    if isinstance(context.get("exception"), asyncio.CancelledError):
        log.info("a connection was cut: its client was in the middle of a request at the end of the grace")
    else:
        loop.default_exception_handler(context)
