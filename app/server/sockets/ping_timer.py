"""Checks at regular intervals whether the client of one connection answers pings, and drops a client that does not."""

import asyncio
import logging
from collections.abc import Callable

from app.server.sockets.ping_watch import PingWatch

log = logging.getLogger(__name__)


class PingTimer:
    """The looks at one connection, from now until `stop` or until the client is dropped.

    Args:
        watch: what is known of the client.
        interval_s: between two looks, in seconds.
        is_held: called for whether what the client sends is not read at present.
        drop: called when the client is gone.
        ping: called to send a ping whenever nothing has come for an interval; None: somebody else sends them.
    """

    __slots__ = ("_drop", "_interval_s", "_is_held", "_next_look", "_ping", "_watch")

    def __init__(
        self,
        watch: PingWatch,
        interval_s: float,
        *,
        is_held: Callable[[], bool],
        drop: Callable[[], object],
        ping: Callable[[], object] | None = None,
    ) -> None:
        self._watch = watch
        self._interval_s = interval_s
        self._is_held = is_held
        self._drop = drop
        self._ping = ping
        self._next_look: asyncio.TimerHandle | None = None
        self._look()

    def stop(self) -> None:
        """Stop the checks and the pings."""
        if self._next_look is not None:
            self._next_look.cancel()

    def _look(self) -> None:
        watch = self._watch
        if watch.look(is_held=self._is_held()):
            silent_s = watch.silent_intervals * self._interval_s
            log.info("a client has sent nothing for %g s, nor answered a ping: dropped", silent_s)
            self._drop()
            return
        if self._ping is not None and watch.silent_intervals:
            self._ping()
        self._next_look = asyncio.get_running_loop().call_later(self._interval_s, self._look)
