"""The route by which a browser, or an operator on its behalf, is given a token (JWT) for one session."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.api.problems import ProblemError
from app.api.requests import asked_of
from app.api.responses import json_response
from app.auth.browser import Grant
from app.auth.guard import admitted
from app.services import Services
from protocol.browser import timestamp
from protocol.problems import FieldError
from protocol.tokens import TokenIssued, TokenRequest

MOST_BYTES = 16_384


class TokenRoutes:
    """Serves `POST /realtime/token`, which issues browser tokens."""

    def __init__(self, service: Services) -> None:
        self._service = service

    def routes(self) -> list[Route]:
        """The route that issues tokens, below the API's prefix."""
        return [Route("/realtime/token", self.issue, methods=["POST"])]

    async def issue(self, request: Request) -> Response:
        """Issue a token for one session and one agent; without a session id in the body, for a new session."""
        asked = await asked_of(request, TokenRequest, MOST_BYTES, empty=b"{}")
        service = self._service
        agent = asked.agent or service.default_agent
        if agent not in service.agents:
            raise _invalid("agent", f"one of {', '.join(sorted(service.agents))}", "unknown")
        session_id = asked.session_id or service.random.token("session_")
        sender = admitted(request.scope)
        grant = Grant(session_id, agent, vouched=sender.operator, subject=sender.subject)
        issued = service.browser_access.issue(grant, asked.ttl_s)
        answer = TokenIssued(
            token=issued.token, expires_at=timestamp(issued.expires_at), session_id=session_id, agent=agent
        )
        return json_response(answer, headers={"Cache-Control": "no-store"})


def _invalid(field: str, message: str, code: str) -> ProblemError:
    detail = f"{field}: {message}" if field else message
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, detail, (FieldError(field, message, code),))
