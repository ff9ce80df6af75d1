"""A session of a speech-to-speech model that may raise, which its port forbids: then it is lost, and nothing else."""

from collections.abc import Callable

from actors.conversation import ChatMessage
from actors.ports import realtime as port
from actors.ports.realtime_events import RealtimeClosed
from actors.runtime.described_errors import describe
from actors.runtime.failure_counters import Failure, report_failure
from actors.runtime.supervised_actor import logger
from protocol.realtime.failure_kinds import FailureKind

NOT_TAKEN = -1
"""The number of an order that the session did not take; no response ever has it."""


class GuardedRealtimeSession:
    """Implements `RealtimeSession` over one that may raise anything. The first time it does, it is given up.

    Args:
        session: the engine's.
        report: told once that the session is over.
    """

    def __init__(self, session: port.RealtimeSession, report: Callable[[RealtimeClosed], None]) -> None:
        self._session = session
        self._report = report
        self._is_lost = False

    def append(self, pcm: bytes) -> None:
        """Have the session hear more of the caller, PCM16LE mono at its rate."""
        self._order("append", pcm)

    def commit(self) -> None:
        """Make what was appended since the last commit one turn of the caller."""
        self._order("commit")

    def clear(self) -> None:
        """Make the session forget what was appended since the last commit."""
        self._order("clear")

    def add(self, message: ChatMessage) -> None:
        """Add a message at the end of the conversation."""
        self._order("add", message)

    def respond(self, request: port.ResponseRequest) -> int:
        """Have the model answer; the number of the response, `NOT_TAKEN` from a session that is over."""
        number = self._order("respond", request)
        return number if isinstance(number, int) else NOT_TAKEN

    def cancel(self, response_id: str) -> None:
        """Stop the making of a response."""
        self._order("cancel", response_id)

    def truncate(self, item_id: str, heard_ms: float) -> None:
        """Make the session forget what was not heard of an item."""
        self._order("truncate", item_id, heard_ms)

    def delete(self, item_id: str) -> None:
        """Take an item out of the conversation."""
        self._order("delete", item_id)

    def update(self, changes: port.SessionChanges) -> None:
        """Change what the session was told when it was opened."""
        self._order("update", changes)

    async def close(self) -> None:
        """End the session; what that raises is raised to the caller."""
        await self._session.close()

    def _order(self, what: str, *details: object) -> object:
        if self._is_lost:
            return None
        try:
            order: Callable[..., object] = getattr(self._session, what)
            return order(*details)
        except BaseException as error:  # noqa: BLE001 - engines may raise anything: another session goes on
            self._is_lost = True
            detail = f"its {what} has raised {describe(error)}"
            line = "a speech-to-speech session is given up: %s"
            report_failure(Failure.REALTIME, logger, line, detail, cause="order")
            self._report(RealtimeClosed(FailureKind.TRANSIENT, detail))
            return None
