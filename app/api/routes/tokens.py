"""The route that issues tokens (JWT) for one session, to a browser or to an operator on its behalf."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actors.agent import Agent
from actors.rules.agent_language import matching
from actors.runtime.randomness import SystemRandom
from actors.session_context import GivenContext, limit_exceeded
from app.api.problems import ProblemError
from app.api.requests import asked_of
from app.api.responses import json_response
from app.auth.browser import BrowserAccess, Grant
from app.auth.guard import admitted
from protocol.browser import timestamp
from protocol.problems import FieldError
from protocol.tokens import TokenIssued, TokenRequest

MOST_BYTES = 16_384


class TokenRoutes:
    """Serves `POST /realtime/token`, which issues browser tokens.

    A token is for one of `agents`, by default for `default_agent`. `languages` are those of all agents; empty if each
    agent has its own.
    """

    def __init__(
        self,
        access: BrowserAccess,
        agents: Mapping[str, Agent],
        default_agent: str,
        random: SystemRandom,
        languages: Sequence[str] = (),
    ) -> None:
        self._access = access
        self._agents = agents
        self._default_agent = default_agent
        self._random = random
        self._languages = languages

    def routes(self) -> list[Route]:
        """Return the route, below the API's prefix."""
        return [Route("/realtime/token", self.issue, methods=["POST"])]

    async def issue(self, request: Request) -> Response:
        """Issue a token for one session and one agent; without a session id in the body, for a new session."""
        asked = await asked_of(request, TokenRequest, MOST_BYTES, empty=b"{}")
        agent = asked.agent or self._default_agent
        if agent not in self._agents:
            raise _invalid("agent", f"one of {', '.join(sorted(self._agents))}", "unknown")
        session_id = asked.session_id or self._random.token("session_")
        sender = admitted(request.scope)
        given = self._given(asked, self._agents[agent], is_operator=sender.operator)
        grant = Grant(session_id, agent, vouched=sender.operator, subject=sender.subject, given=given)
        issued = self._access.issue(grant, asked.ttl_s)
        answer = TokenIssued(
            token=issued.token, expires_at=timestamp(issued.expires_at), session_id=session_id, agent=agent
        )
        return json_response(answer, headers={"Cache-Control": "no-store"})

    def _given(self, asked: TokenRequest, agent: Agent, *, is_operator: bool) -> GivenContext | None:
        """Return the context that a request puts into the token for a session with `agent`; None if there is none.

        Raises:
            ProblemError: 403, only operators may do so; 422, names the field that cannot be used.
        """
        if asked.context is None and asked.caller_name is None and asked.language is None:
            return None
        if not is_operator:
            raise ProblemError(
                HTTPStatus.FORBIDDEN,
                "context, caller_name and language are an operator's to give, such as a backend with OPERATOR_TOKEN",
            )
        context = asked.context or {}
        if limit := limit_exceeded(context):
            raise _invalid("context", limit, "length")
        languages = self._languages or agent.languages
        language = matching(asked.language or "", languages)
        if asked.language and not language:
            raise _invalid("language", f"one of {', '.join(languages)}", "unknown")
        return GivenContext(context=context, caller_name=asked.caller_name or "", language=language)


def _invalid(field: str, message: str, code: str) -> ProblemError:
    detail = f"{field}: {message}" if field else message
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, detail, (FieldError(field, message, code),))
