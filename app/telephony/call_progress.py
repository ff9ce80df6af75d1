"""Where a telephone call stands, and since when: it rings, is connected, is on hold, is over. Pure: time is given."""

from protocol.calls import CallState

_OVER = (CallState.DISCONNECTED, CallState.FAILED)


class CallProgress:
    """The state of one call, and its times in seconds since the epoch.

    Args:
        state: the one that the call begins in.
    """

    connected_at: float | None = None
    connected_before: float | None = None
    """When it was connected at a worker that has died, in seconds since the epoch; whether it is still up has to be
    found out."""
    ended_at: float | None = None

    def __init__(self, state: CallState) -> None:
        self.state = state

    def become(self, state: CallState, at: float) -> bool:
        """Take the next state; a call that is over stays over. Whether anything changed."""
        if self.is_over or state is self.state:
            return False
        self.state = state
        if state is CallState.CONNECTED and self.connected_at is None:
            self.connected_at = at if self.connected_before is None else self.connected_before
        if state in _OVER:
            self.connected_at = self.connected_before if self.connected_at is None else self.connected_at
            self.ended_at = at
        return True

    @property
    def is_over(self) -> bool:
        """Whether the call has ended, or did not come about."""
        return self.state in _OVER

    @property
    def is_up(self) -> bool:
        """Whether the call is connected, be the caller on hold or not."""
        return self.state in (CallState.CONNECTED, CallState.ON_HOLD)

    @property
    def was_connected(self) -> bool:
        """Whether the call has ever been connected, at this worker or at one that had it before."""
        return self.connected_at is not None or self.connected_before is not None

    def duration_s(self, at: float) -> float | None:
        """Seconds from the connection to the end, or to `at` while the call is up; None if it was not connected."""
        if self.connected_at is None:
            return None
        ended_at = self.ended_at if self.ended_at is not None else at
        return round(max(0.0, ended_at - self.connected_at), 3)
