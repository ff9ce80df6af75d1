"""The session store of a server without Redis: the memory of one worker process, bounded, and fair between clients."""

from collections import OrderedDict
from collections.abc import Callable

from actors.conversation import Role, SessionRecord

KEPT = 1_000


def _nobody(_session_id: str) -> str:
    return ""


class MemoryStore:
    """Implements `SessionStore` with at most `keep` records, which end with the process.

    `owner_of` names the client that a live session belongs to, by the session's id; an empty name stands for a client
    that is not known, and such a session shares its room with no other. When there are too many records, those of
    sessions in which the caller has said nothing go first, the oldest before the others. After them the client with
    the most records loses its oldest one, so that a client that opens sessions without end pushes out only its own.
    """

    def __init__(self, keep: int = KEPT, owner_of: Callable[[str], str] = _nobody) -> None:
        self._keep = keep
        self._owner_of = owner_of
        self._records: OrderedDict[str, SessionRecord] = OrderedDict()
        self._owners: dict[str, str] = {}
        self._wordless: OrderedDict[str, None] = OrderedDict()
        self._by_owner: dict[str, OrderedDict[str, None]] = {}

    async def save(self, record: SessionRecord) -> None:
        """Keep `record` in place of the session's former one, as the newest; others go if there are too many."""
        session_id = record.session_id
        owner = self._owners.get(session_id) or self._owner_of(session_id) or f"session {session_id}"
        self._forget(session_id)
        self._records[session_id] = record
        self._owners[session_id] = owner
        self._by_owner.setdefault(owner, OrderedDict())[session_id] = None
        if not any(message.role is Role.USER and message.text for message in record.messages):
            self._wordless[session_id] = None
        while len(self._records) > self._keep:
            self._forget(self._least_needed())

    async def load(self, session_id: str) -> SessionRecord | None:
        """The last record that was saved of a session; None if there is none, or it had to make room."""
        return self._records.get(session_id)

    async def recent(self, limit: int = 100) -> list[SessionRecord]:
        """At most `limit` records, the one that was saved last before the others."""
        return list(reversed(self._records.values()))[:limit]

    async def close(self) -> None:
        """Do nothing: the records are released when the process ends."""

    def _least_needed(self) -> str:
        """The id of the session whose record is dropped next."""
        if self._wordless:
            return next(iter(self._wordless))
        most = max(self._by_owner, key=lambda owner: len(self._by_owner[owner]))
        return next(iter(self._by_owner[most]))

    def _forget(self, session_id: str) -> None:
        if self._records.pop(session_id, None) is None:
            return
        self._wordless.pop(session_id, None)
        owner = self._owners.pop(session_id)
        del self._by_owner[owner][session_id]
        if not self._by_owner[owner]:
            del self._by_owner[owner]
