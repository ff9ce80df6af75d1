"""Whether there is room for another call: for its session, which is still to come while the call rings."""

from collections.abc import Collection

from app.server.lifecycle import Lifecycle, Phase
from app.sessions.session_capacity import SessionCapacity
from app.telephony.call import Call
from app.telephony.call_log import CallLog
from app.telephony.errors import NoCapacityError


def session_of(call: Call) -> str:
    """The id of the session that the call has now: the one that asks for the access code, then its own."""
    return call.session_id if call.admitted else f"{call.session_id}.access"


class Capacity:
    """How many calls one worker may hold at once, and how many it does."""

    def __init__(
        self, capacity: SessionCapacity, lifecycle: Lifecycle, live_sessions: Collection[str], log: CallLog
    ) -> None:
        self._capacity = capacity
        self._lifecycle = lifecycle
        self._live_sessions = live_sessions
        self._log = log

    def require(self) -> None:
        """Raises NoCapacityError if there is no room for another call."""
        if self.left <= 0:
            raise NoCapacityError("no capacity left for another call")

    @property
    def left(self) -> int:
        """How many more calls may begin, those that still ring counted; none while the loop is late."""
        return self._capacity.left - self._expected

    @property
    def has_room(self) -> bool:
        """Whether a session may begin at once: for a call that is up, and whose place nobody has kept."""
        return self._capacity.left > 0

    @property
    def full(self) -> bool:
        """Whether there is no place left, even on a loop that keeps its time."""
        draining = self._lifecycle.phase in (Phase.DRAINING, Phase.STOPPED)
        return draining or len(self._live_sessions) + self._expected >= self._capacity.most

    @property
    def _expected(self) -> int:
        """How many calls hold a place although their session has not begun."""
        live = self._live_sessions
        return sum(1 for call in self._log.live if call.holds_place and session_of(call) not in live)
