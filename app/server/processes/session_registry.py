"""Which worker has which session, kept by the launcher, the one process that all workers can ask.

So no two workers ever make the same session, and the sessions of a worker that is stopped are still known.
"""

from collections import OrderedDict

RECENT = 10_000
"""The most ended sessions that are remembered of each worker: ten times the records that its store keeps
(`app/stores/memory.py`), since that forgets those of the busiest client first and not the oldest."""


class SessionRegistry:
    """Sessions by id, live and recent ones, each with the process id of the worker that has it."""

    def __init__(self, recent: int = RECENT) -> None:
        self._recent_most = recent
        self._owners: dict[str, int] = {}
        self._recent: dict[int, OrderedDict[str, None]] = {}

    def owner(self, session_id: str) -> int:
        """The worker that has a session; 0 if none has."""
        return self._owners.get(session_id, 0)

    def claim(self, session_id: str, worker: int) -> int:
        """Claim a session for `worker` if no worker has it; returns the worker that has it then."""
        owner = self._owners.setdefault(session_id, worker)
        if owner == worker:
            self._recent.get(worker, OrderedDict()).pop(session_id, None)
        return owner

    def begin(self, session_id: str, worker: int) -> None:
        """Record that a session has begun at `worker` or has moved there from another one."""
        former = self._owners.get(session_id, worker)
        self._recent.get(former, OrderedDict()).pop(session_id, None)
        self._owners[session_id] = worker

    def end(self, session_id: str, worker: int) -> None:
        """Record that a session of `worker` is over; its id is kept for as long as the worker has its record."""
        if self._owners.get(session_id) != worker:
            return
        recent = self._recent.setdefault(worker, OrderedDict())
        recent[session_id] = None
        recent.move_to_end(session_id)
        while len(recent) > self._recent_most:
            oldest, _ = recent.popitem(last=False)
            del self._owners[oldest]

    def release(self, session_id: str, worker: int) -> None:
        """Remove the claim of `worker` on a session that was never begun."""
        if self._owners.get(session_id) == worker and session_id not in self._recent.get(worker, ()):
            del self._owners[session_id]

    def forget(self, worker: int) -> list[str]:
        """Remove all sessions of a worker that has ended; returns the ids of those that were live."""
        ended = self._recent.pop(worker, OrderedDict())
        live = [session_id for session_id, owner in self._owners.items() if owner == worker and session_id not in ended]
        self._owners = {session_id: owner for session_id, owner in self._owners.items() if owner != worker}
        return live
