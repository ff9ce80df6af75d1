"""Ends an orphan, a worker whose launcher has died: it takes no more connections and ends its conversations in time.

The launcher's port must be free at once for a server that is started in its place, and no worker may stay behind: not
one whose event loop stands still, nor one that is stopped. The kernel continues a stopped one
(`process_ties.py`).
"""

import asyncio
import contextlib
import logging
import os
import select
import socket
import threading
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

ORPHANED_STATUS = 1
"""The exit status of a worker whose launcher has died and that did not end by itself."""


class OrphanWatch:
    """Notices on a thread of its own that the launcher has closed the whole pipe, as only its death does.

    A worker that does not serve yet exits at once.
    """

    def __init__(self, pipe: socket.socket) -> None:
        self._pipe = pipe
        self._loop: asyncio.AbstractEventLoop | None = None
        self._orphaned: Callable[[], None] = lambda: None
        self._loop_timeout_s = 0.0
        self._grace_s = 0.0
        self._told = threading.Event()

    def start(self) -> None:
        """Begin to watch. The thread is a daemon, and keeps no process alive."""
        threading.Thread(target=self._watch, name="orphan-watch", daemon=True).start()

    def serve(self, orphaned: Callable[[], None], *, loop_timeout_s: float, grace_s: float) -> None:
        """Have `orphaned` called on the running loop from now on.

        If the loop does not call it within `loop_timeout_s`, or has not ended the process `grace_s` after that, the
        process exits.
        """
        self._orphaned, self._loop_timeout_s, self._grace_s = orphaned, loop_timeout_s, grace_s
        self._loop = asyncio.get_running_loop()

    def _watch(self) -> None:
        hung_up = select.poll()
        # No event is asked for: what remains is that both directions are closed. An order to drain closes only one.
        hung_up.register(self._pipe, 0)
        hung_up.poll()
        if self._loop is not None:
            # A loop that is closed is of a process that ends already.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._tell)
            if self._told.wait(self._loop_timeout_s):
                time.sleep(self._grace_s)
        os._exit(ORPHANED_STATUS)

    def _tell(self) -> None:
        self._told.set()
        log.warning("the launcher has died; this worker takes no more connections and drains")
        self._orphaned()
