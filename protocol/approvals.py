"""The REST API's calls of tools that wait for an operator."""

from typing import Annotated, Literal

import msgspec


class WaitingApproval(msgspec.Struct, frozen=True, kw_only=True):
    """A call that waits; times in ISO 8601. `arguments` is JSON as text; null where no content may be shown."""

    approval_id: str
    tool: str
    arguments: str | None
    asked_at: str
    expires_at: str


class WaitingApprovals(msgspec.Struct, frozen=True, kw_only=True):
    """The calls of a live session that wait for an operator, the oldest first; with `content` their arguments, too."""

    session_id: str
    content: bool = False
    approvals: tuple[WaitingApproval, ...] = ()


class ApprovalDecision(msgspec.Struct, frozen=True, kw_only=True):
    """Approve a call, or decline it; the model is told the reason of what is declined."""

    decision: Literal["approve", "decline"]
    reason: Annotated[str, msgspec.Meta(max_length=300)] = ""


class ApprovalDecided(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a decision, which holds: the tool is run, or is not."""

    session_id: str
    approval_id: str
    decision: Literal["approve", "decline"]
