"""Calls of tools that wait until an operator approves or declines them. They outlive the actors of their session.

Each waits for an operator, for APPROVAL_WITHIN_S from when the model called the tool. If nobody has decided by then the
tool is not run, and the model is told so; an interruption, or the end of the session, gives the call up. What waited in
a process that is gone is answered as any tool that was under way there: it is not known whether it was done.
"""

import asyncio
import hashlib
import logging
from enum import StrEnum

import msgspec
from opentelemetry import metrics

from actors.ports.clock import Clock
from actors.ports.llm import ToolCalled
from actors.rules.unicode_text import well_formed
from actors.tool_outcome import ToolOutcome

logger = logging.getLogger("earshot.tools")

APPROVAL_WITHIN_S = 60.0
MOST_WAITING = 8
"""The most calls of one session that wait at once; one more is refused."""
MAX_REASON_CHARS = 300
NOBODY_DECIDED = "not done: nobody decided in time whether it may be done"
TOO_MANY = "not done: too many calls wait to be approved already"
DECLINED = "not done: an operator declined it"

_decided = metrics.get_meter("earshot").create_counter(
    "earshot.tool.approvals", description="Tool calls that needed the approval of an operator, by tool and outcome"
)


class Decision(StrEnum):
    """What an operator decides of a call."""

    APPROVE = "approve"
    DECLINE = "decline"


class PendingApproval(msgspec.Struct, frozen=True, kw_only=True):
    """A call that waits. Its times are seconds since the epoch; `arguments` is JSON, which may quote the caller."""

    approval_id: str
    tool: str
    arguments: str
    asked_at: float
    expires_at: float


class Approvals:
    """The calls of one session that wait. Belongs to the loop's thread."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[PendingApproval, asyncio.Future[ToolOutcome | None]]] = {}

    def pending(self) -> tuple[PendingApproval, ...]:
        """The calls that nobody has decided yet, the oldest first."""
        return tuple(pending for pending, decided in self._waiting.values() if not decided.done())

    def decide(self, approval_id: str, decision: Decision, reason: str = "") -> PendingApproval:
        """Approve a call, so that its tool runs, or decline it, of which the model is told with the reason.

        Raises:
            LookupError: no such call waits: it was decided, given up, or never there.
        """
        pending, decided = self._waiting.get(approval_id, (None, None))
        if pending is None or decided is None or decided.done():
            raise LookupError(approval_id)
        said = reason.strip()[:MAX_REASON_CHARS]
        declined = _not_done(f"{DECLINED}: {said}" if said else DECLINED)
        decided.set_result(None if decision is Decision.APPROVE else declined)
        return pending

    async def refusal(self, call: ToolCalled, turn: int, clock: Clock) -> ToolOutcome | None:
        """Wait until somebody decides; None if the call was approved, else what the model is told in its place."""
        approval_id = _id_of(call, turn)
        if len(self._waiting) >= MOST_WAITING or approval_id in self._waiting:
            return self._refused(call, "too many", TOO_MANY)
        asked_at = clock.wall()
        pending = PendingApproval(
            approval_id=approval_id,
            tool=call.name,
            arguments=well_formed(call.arguments),
            asked_at=asked_at,
            expires_at=asked_at + APPROVAL_WITHIN_S,
        )
        decided: asyncio.Future[ToolOutcome | None] = asyncio.get_running_loop().create_future()
        self._waiting[approval_id] = (pending, decided)
        try:
            # Unlike a time-out that raises, this loses no decision that comes in the same moment.
            await asyncio.wait((decided,), timeout=APPROVAL_WITHIN_S)
        except asyncio.CancelledError:
            _decided.add(1, {"tool": call.name, "outcome": "cancelled"})
            raise
        finally:
            del self._waiting[approval_id]
        if not decided.done():
            return self._refused(call, "late", NOBODY_DECIDED)
        refusal = decided.result()
        _decided.add(1, {"tool": call.name, "outcome": "approved" if refusal is None else "declined"})
        return refusal

    def _refused(self, call: ToolCalled, outcome: str, told: str) -> ToolOutcome:
        _decided.add(1, {"tool": call.name, "outcome": outcome})
        logger.warning("tool %s is not run: %s", call.name, told.removeprefix("not done: "))
        return _not_done(told)


def _not_done(text: str) -> ToolOutcome:
    return ToolOutcome({"error": text}, failed=True)


def _id_of(call: ToolCalled, turn: int) -> str:
    """A call's id that can stand in a URL: the model's own may hold any character, and come again in another turn."""
    return f"{turn}-{hashlib.sha256(call.call_id.encode(errors='replace')).hexdigest()[:16]}"
