"""The session store of a single process: its memory."""

from collections import OrderedDict

from actors.conversation import SessionRecord

KEPT = 1_000


class MemoryStore:
    """Keeps the newest records; they end with the process."""

    def __init__(self, keep: int = KEPT) -> None:
        self._keep = keep
        self._records: OrderedDict[str, SessionRecord] = OrderedDict()

    async def save(self, record: SessionRecord) -> None:
        """Keep `record` in place of the session's former one."""
        self._records[record.session_id] = record
        self._records.move_to_end(record.session_id)
        while len(self._records) > self._keep:
            self._records.popitem(last=False)

    async def load(self, session_id: str) -> SessionRecord | None:
        """The last record of a session."""
        return self._records.get(session_id)

    async def recent(self, limit: int = 100) -> list[SessionRecord]:
        """The newest first."""
        return list(reversed(self._records.values()))[:limit]

    async def close(self) -> None:
        """Nothing to let go of."""
