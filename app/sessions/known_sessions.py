"""Finds a session by its id, live in this worker or stored, for code that asks about sessions and starts none."""

import logging
from collections.abc import Awaitable, Callable

from actors.conversation import SessionRecord
from actors.errors import StoreError
from actors.runtime.failure_counters import Failure, report_failure
from actors.session.sessions import SessionEntry

log = logging.getLogger(__name__)


class KnownSessions:
    """Looks sessions up.

    `find_live` gives the session of an id that is live in this worker; `load` asks the session store for a record,
    and may raise a StoreError. Both are called only once the worker has started.
    """

    def __init__(
        self,
        find_live: Callable[[str], SessionEntry | None],
        load: Callable[[str], Awaitable[SessionRecord | None]],
    ) -> None:
        self._find_live = find_live
        self._load = load

    def live(self, session_id: str) -> SessionEntry | None:
        """The live session with this id; None if there is none."""
        return self._find_live(session_id)

    async def required(self, session_id: str) -> SessionRecord | None:
        """The stored record of a session that a client resumes; None if there is none.

        Raises:
            StoreError: the store does not answer, so that nobody knows.
        """
        try:
            return await self._load(session_id)
        except StoreError as error:
            _report(error, "somebody has to come back later")
            raise

    async def stored(self, session_id: str) -> SessionRecord | None:
        """The stored record of a session; None if there is none, or if the store does not answer, which is logged."""
        try:
            return await self._load(session_id)
        except StoreError as error:
            _report(error, "a session is not resumed")
            return None


def _report(error: StoreError, consequence: str) -> None:
    line = "the session store does not answer, so that %s: %s"
    report_failure(Failure.STORE, log, line, consequence, error, operation="load")
