"""Saves the records of one session in the background: one at a time and in order, however slow the store is."""

from actors.conversation import SessionRecord
from actors.errors import StoreError
from actors.ports.store import SessionStore
from actors.runtime.background_tasks import BackgroundTasks
from actors.runtime.supervised_actor import logger

SAVE_S = 10.0
"""A store that has not kept a record by then is not waited for."""


class RecordSaver:
    """Of the records that come while one is being saved only the newest is: it holds what the others do.

    Not a task of the session's actor: the last record is saved when the actor is already gone.
    """

    def __init__(self, store: SessionStore, background: BackgroundTasks) -> None:
        self._store = store
        self._background = background
        self._saving = False
        self._next: SessionRecord | None = None

    def save(self, record: SessionRecord) -> None:
        """Keep `record` in place of the session's former one."""
        if self._saving:
            self._next = record
            return
        self._saving = self._background.run(self._save(record), what="the saving of a session", within_s=SAVE_S)

    async def _save(self, record: SessionRecord) -> None:
        try:
            await self._store.save(record)
        except StoreError as error:
            logger.warning("a session could not be stored: %s", error.kind)
        finally:
            self._saving = False
            following, self._next = self._next, None
            if following is not None:
                self.save(following)
