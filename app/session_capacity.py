"""How many more sessions a worker takes."""

from actors.runtime.watchdog import LoopWatchdog
from actors.session.sessions_keeper import SessionsKeeper
from app.server.lifecycle import Lifecycle

LAG_LIMIT_MS = 100.0
"""A worker whose event loop is this late, in milliseconds, admits no more sessions."""


class SessionCapacity:
    """Tells whether there is room for another session. `most` is how many a worker has at any moment."""

    def __init__(self, lifecycle: Lifecycle, sessions: SessionsKeeper, watchdog: LoopWatchdog, most: int) -> None:
        self._lifecycle = lifecycle
        self._sessions = sessions
        self._watchdog = watchdog
        self.most = most

    @property
    def left(self) -> int:
        """Sessions that may still be admitted: none when the loop is late, or sessions cannot be started any more."""
        late = self._watchdog.lag.recent_ms > LAG_LIMIT_MS
        if not self._lifecycle.admits() or self._sessions.has_failed or late:
            return 0
        return max(0, self.most - len(self._sessions.live))
