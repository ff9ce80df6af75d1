"""The store of session records: from it a session is shown later, and resumed by another process."""

from typing import Protocol

from actors.conversation import SessionRecord


class SessionStore(Protocol):
    """Records of live and recent sessions; one write per turn, never per frame."""

    async def save(self, record: SessionRecord) -> None:
        """Keep `record` in place of the former one of the same session.

        Raises:
            StoreError: it could not be kept; the session goes on.
        """
        ...

    async def load(self, session_id: str) -> SessionRecord | None:
        """The record that was last saved of a session, or None if there is none."""
        ...

    async def recent(self, limit: int = 100) -> list[SessionRecord]:
        """At most `limit` records, those saved last first."""
        ...

    async def close(self) -> None:
        """Release the connections to the store. Nothing is saved or loaded afterwards."""
        ...
