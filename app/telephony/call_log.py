"""The calls of this worker: those that are up, and the last ones that are over."""

from collections.abc import Iterator

from app.telephony.call import Call
from protocol.calls import CallsQuery

KEPT = 1_000
"""The most ended calls that are remembered."""


class CallLog:
    """Finds the calls of one worker by any of their ids. Belongs to the loop's thread."""

    def __init__(self) -> None:
        self._calls: dict[str, Call] = {}
        """The calls, by secret; the oldest first."""
        self._by_session: dict[str, Call] = {}
        """The latest call of each session, by session id."""

    def add(self, call: Call) -> None:
        """Add a call that begins; the oldest of the calls that are over is dropped."""
        self._calls[call.secret] = call
        self._by_session[call.session_id] = call
        over = [known for known in self._calls.values() if known.progress.is_over]
        for known in over[: max(0, len(over) - KEPT)]:
            self.remove(known)

    def remove(self, call: Call) -> None:
        """Remove a call that another worker has taken."""
        self._calls.pop(call.secret, None)
        if self._by_session.get(call.session_id) is call:
            del self._by_session[call.session_id]

    def of_secret(self, secret: str) -> Call | None:
        """The call whose callback and media URLs carry `secret`; None if no call does."""
        return self._calls.get(secret)

    def of_id(self, call_id: str) -> Call | None:
        """The call with the id `call_id`; None if there is none."""
        return next((call for call in self._newest() if call.is_known_as(call_id)), None)

    def of_announcement(self, announcement: str) -> Call | None:
        """The call that this announcement announced; None if there is none."""
        return next((c for c in self._newest() if announcement and c.announcement == announcement), None)

    def of_session(self, session_id: str) -> Call | None:
        """The call that is up and whose conversation is this session; None if there is none."""
        call = self._by_session.get(session_id)
        return call if call is not None and not call.progress.is_over else None

    def of_server_call(self, server_call_id: str) -> Call | None:
        """The call with this server call id of the telephone network; None if there is none."""
        return next((c for c in self._newest() if server_call_id and c.server_call_id == server_call_id), None)

    @property
    def live(self) -> list[Call]:
        """The calls of this worker that are not over."""
        return [call for call in self._calls.values() if not call.progress.is_over]

    def page(self, query: CallsQuery) -> tuple[list[Call], int]:
        """The calls of a page, newest first, and how many there are on all pages."""
        wanted = [c for c in self._newest() if query.status_filter is None or c.state is query.status_filter]
        first = (query.page - 1) * query.limit
        return wanted[first : first + query.limit], len(wanted)

    def _newest(self) -> Iterator[Call]:
        return reversed(self._calls.values())
