"""Garbage collection: collects what ended sessions leave behind after every 50 sessions, outside conversations.

The actors of a session know each other, so that nobody's last reference ever goes; and a session has lived for long
when it ends, so that Python's collector, whose thresholds are raised (`server/processes/worker.py`), would look at it
after millions of objects more. Each left 150 kB, its caller's last words above all.
"""

import asyncio
import gc

SESSIONS = 50
"""The number of ended sessions after which garbage is collected. They leave 8 MB at most; a collection in a process
with 50 calls takes 5 ms, so that fewer would mean more such pauses."""
DELAY_S = 1.0
"""Seconds for which a collection waits, since the last session to end is still closing its sockets and engines."""


class GarbageCollection:
    """Runs Python's collector once for every `sessions` that have ended, `delay_s` seconds after the last of them."""

    def __init__(self, sessions: int = SESSIONS, delay_s: float = DELAY_S) -> None:
        self._sessions = sessions
        self._delay_s = delay_s
        self._ended = 0

    def session_over(self, _session_id: str) -> None:
        """Count an ended session, and order a collection when it is the last of 50. Call on the event loop's thread."""
        self._ended += 1
        if self._ended >= self._sessions:
            self._ended = 0
            asyncio.get_running_loop().call_later(self._delay_s, gc.collect)
