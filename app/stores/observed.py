"""A store of sessions whose records others hear of as well."""

from collections.abc import Callable

from actors.conversation import SessionRecord
from actors.ports.store import SessionStore


class ObservedStore:
    """Implements `SessionStore`. `saved` is called with each record that is to be stored, on the loop's thread."""

    def __init__(self, store: SessionStore, saved: Callable[[SessionRecord], None]) -> None:
        self._store = store
        self._saved = saved

    async def save(self, record: SessionRecord) -> None:
        """See `SessionStore`; `saved` hears of it whether or not the store takes it."""
        self._saved(record)
        await self._store.save(record)

    async def load(self, session_id: str) -> SessionRecord | None:
        """Do as the store that is wrapped: see `SessionStore`."""
        return await self._store.load(session_id)

    async def recent(self, limit: int = 100) -> list[SessionRecord]:
        """Do as the store that is wrapped: see `SessionStore`."""
        return await self._store.recent(limit)

    async def close(self) -> None:
        """Do as the store that is wrapped: see `SessionStore`."""
        await self._store.close()
