"""Counts how many more sessions a worker takes."""

from actors.runtime.watchdog import LoopWatchdog
from actors.session.sessions_keeper import SessionsKeeper
from app.server.lifecycle import Lifecycle
from config.groups.limits import Limits


class SessionCapacity:
    """Tells whether there is room for another session.

    Args:
        lifecycle: of the worker, which takes none once it is told to end.
        sessions: those that it has.
        watchdog: knows how late the event loop is.
        limits: how many sessions it has at any moment, and how late its loop may be.
    """

    def __init__(self, lifecycle: Lifecycle, sessions: SessionsKeeper, watchdog: LoopWatchdog, limits: Limits) -> None:
        self._lifecycle = lifecycle
        self._sessions = sessions
        self._watchdog = watchdog
        self.most = limits.max_concurrent_sessions
        self._most_lag_ms = 1_000 * limits.max_loop_lag_s

    @property
    def left(self) -> int:
        """How many more sessions may be admitted: 0 while the event loop is late, or if sessions cannot be started."""
        late = self._watchdog.lag.recent_ms > self._most_lag_ms
        if not self._lifecycle.admits() or self._sessions.has_failed or late:
            return 0
        return max(0, self.most - len(self._sessions.live))
