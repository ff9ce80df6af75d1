"""Routes for tool calls that wait for an operator: which they are, and the operator's decision."""

import logging
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actors.session.sessions import SessionEntry
from actors.session.sessions_keeper import SessionsKeeper
from actors.session.tools.approvals import Decision
from app.api.problems import ProblemError
from app.api.requests import asked_of
from app.api.responses import json_response
from protocol.approvals import ApprovalDecided, ApprovalDecision, WaitingApproval, WaitingApprovals
from protocol.browser import timestamp

audit = logging.getLogger("earshot.audit")

MOST_BYTES = 4_096


class ApprovalRoutes:
    """Serves `/sessions/{session_id}/approvals`.

    Args:
        sessions: the live sessions of this worker.
        content: whether arguments are shown, which may quote the caller.
    """

    def __init__(self, sessions: SessionsKeeper, *, content: bool) -> None:
        self._sessions = sessions
        self._content = content

    def routes(self) -> list[Route]:
        """Return the routes, below the API's prefix."""
        return [
            Route("/sessions/{session_id}/approvals", self.waiting),
            Route("/sessions/{session_id}/approvals/{approval_id}", self.decide, methods=["POST"]),
        ]

    async def waiting(self, request: Request) -> Response:
        """Return the tool calls of a live session that wait for approval, the oldest first."""
        entry = self._live(request)
        found = tuple(
            WaitingApproval(
                approval_id=each.approval_id,
                tool=each.tool,
                arguments=each.arguments if self._content else None,
                asked_at=timestamp(each.asked_at),
                expires_at=timestamp(each.expires_at),
            )
            for each in entry.tool_runs.approvals.pending()
        )
        return json_response(WaitingApprovals(session_id=entry.plan.session_id, content=self._content, approvals=found))

    async def decide(self, request: Request) -> Response:
        """Approve or decline a tool call that waits. The first decision counts; later ones are answered with 404."""
        asked = await asked_of(request, ApprovalDecision, MOST_BYTES)
        entry, approval_id = self._live(request), request.path_params["approval_id"]
        try:
            pending = entry.tool_runs.approvals.decide(approval_id, Decision(asked.decision), asked.reason)
        except LookupError:
            raise ProblemError(
                HTTPStatus.NOT_FOUND,
                "no call of that id waits: it was decided or given up, or nobody decided in time",
            ) from None
        audit.info(
            "tool call decided",
            extra={
                "about_session_id": entry.plan.session_id,
                "about_approval_id": approval_id,
                "tool": pending.tool,
                "decision": asked.decision,
            },
        )
        return json_response(
            ApprovalDecided(session_id=entry.plan.session_id, approval_id=approval_id, decision=asked.decision)
        )

    def _live(self, request: Request) -> SessionEntry:
        entry = self._sessions.live.get(request.path_params["session_id"])
        if entry is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, "there is no live session of that id")
        return entry
