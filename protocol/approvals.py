"""Messages of the REST API about calls of tools that wait for an operator's approval."""

from typing import Annotated, Literal

import msgspec


class WaitingApproval(msgspec.Struct, frozen=True, kw_only=True):
    """A tool call that waits for approval, until `expires_at`; then the tool is not run. Both times are ISO 8601.

    `arguments` is a JSON object as text; it is null where content may not be shown (LOG_CONTENT is off).
    """

    approval_id: str
    tool: str
    arguments: str | None
    asked_at: str
    expires_at: str


class WaitingApprovals(msgspec.Struct, frozen=True, kw_only=True):
    """The tool calls of a live session that wait for an operator, the oldest first.

    `content` says whether they come with their arguments.
    """

    session_id: str
    content: bool = False
    approvals: tuple[WaitingApproval, ...] = ()


class ApprovalDecision(msgspec.Struct, frozen=True, kw_only=True):
    """An operator's decision on a tool call. If the call is declined, the model is told the `reason`."""

    decision: Literal["approve", "decline"]
    reason: Annotated[str, msgspec.Meta(max_length=300)] = ""


class ApprovalDecided(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a decision, which cannot be changed: the tool is run if it was approved, else it is not."""

    session_id: str
    approval_id: str
    decision: Literal["approve", "decline"]
