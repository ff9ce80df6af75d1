"""TODO docstring."""

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
        """The last record of a session, or None."""
        ...

    async def recent(self, limit: int = 100) -> list[SessionRecord]:
        """The newest records first."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
