"""Wraps a session store so that an observer is called with each record that is saved."""

from collections.abc import Callable

from actors.conversation import SessionRecord
from actors.ports.store import SessionStore


class ObservedStore:
    """Implements `SessionStore`. `saved` is called with each record that is to be stored, on the loop's thread."""

    def __init__(self, store: SessionStore, saved: Callable[[SessionRecord], None]) -> None:
        self._store = store
        self._saved = saved

    async def save(self, record: SessionRecord) -> None:
        """Call the observer with `record`, then save it: the observer is called even if the store refuses it."""
        self._saved(record)
        await self._store.save(record)

    async def load(self, session_id: str) -> SessionRecord | None:
        """Load from the wrapped store: see `SessionStore.load`."""
        return await self._store.load(session_id)

    async def recent(self, limit: int = 100) -> list[SessionRecord]:
        """List from the wrapped store: see `SessionStore.recent`."""
        return await self._store.recent(limit)

    async def close(self) -> None:
        """Close the wrapped store: see `SessionStore.close`."""
        await self._store.close()
