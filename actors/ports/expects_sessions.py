"""An engine that can get ready for a session which is to begin soon, while the telephone rings."""

from typing import Protocol, runtime_checkable


@runtime_checkable
class ExpectsSessions(Protocol):
    """A second port of a `RealtimeModel` that is a service far away: connecting takes several round trips."""

    def expect(self, session_id: str) -> None:
        """Prepare for a session of this id that may be opened soon. Returns at once, and never raises."""
        ...

    def forget(self, session_id: str) -> None:
        """No session of this id will begin. Returns at once; harmless if one has begun, or none was expected."""
        ...
