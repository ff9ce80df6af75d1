"""Where a browser gets its token, or somebody else gets one for it."""

from http import HTTPStatus

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.access import from_this_machine, refused
from app.answers import json_answer
from app.bodies import body_of
from app.browser_access import Grant, is_operator
from app.limits.client_limits import Rate
from app.origins import own_page
from app.problems import ProblemError
from app.service import Service
from app.signed_tokens import TokenError, TokensUnavailable, bearer_of
from config.settings import BrowserAuth
from protocol.browser import timestamp
from protocol.problems import FieldError
from protocol.tokens import TokenIssued, TokenRequest

MOST_BYTES = 16_384


class TokenRoutes:
    """`POST /realtime/token`."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._decoder = msgspec.json.Decoder(TokenRequest)

    def routes(self) -> list[Route]:
        """The one route."""
        return [Route("/realtime/token", self.issue, methods=["POST"])]

    async def issue(self, request: Request) -> Response:
        """A token for one session and one agent."""
        self._service.clients.require(self._service.clients.of(request.scope), Rate.REQUESTS)
        vouched = await self._vouched(request)
        asked = await self._asked(request)
        service = self._service
        agent = asked.agent or service.default_agent
        if agent not in service.agents:
            raise _invalid("agent", f"one of {', '.join(sorted(service.agents))}", "unknown")
        session_id = asked.session_id or service.random.token("session_")
        issued = service.browser_access.issue(Grant(session_id, agent, vouched), asked.ttl_s)
        answer = TokenIssued(issued.token, timestamp(issued.expires_at), session_id, agent)
        return json_answer(answer, headers={"Cache-Control": "no-store"})

    async def _vouched(self, request: Request) -> bool:
        """Whether an operator asks.

        Raises:
            ProblemError: 401 or 403, somebody asks who is neither an operator nor a page of this server; 503, nobody
                knows yet.
        """
        service = self._service
        access = service.browser_access
        expected = service.settings.operator_token
        bearer = bearer_of(request.headers)
        if access.mode is BrowserAuth.OFF:
            return False
        if expected is not None and expected.matches(bearer):
            return True
        if access.mode is BrowserAuth.ENTRA:
            try:
                return is_operator(await access.entra_claims(bearer))
            except (TokenError, TokensUnavailable) as error:
                raise refused(error) from None
        if bearer:
            raise ProblemError(HTTPStatus.UNAUTHORIZED, "the operator token is wrong")
        if own_page(request.headers, service.settings.base_url):
            return False
        if "origin" in request.headers or "sec-fetch-site" in request.headers:
            raise ProblemError(
                HTTPStatus.FORBIDDEN, "only a page of this server is given a token without the operator's"
            )
        if expected is None and from_this_machine(request):
            return True
        raise ProblemError(HTTPStatus.UNAUTHORIZED, "a token is for operators and for the page of this server")

    async def _asked(self, request: Request) -> TokenRequest:
        body = await body_of(request, MOST_BYTES)
        try:
            return self._decoder.decode(body or b"{}")
        except msgspec.ValidationError as error:
            message, _, path = str(error).partition(" - at `$")
            raise _invalid(path.strip("`").lstrip("."), message, "invalid") from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise ProblemError(HTTPStatus.BAD_REQUEST, "the body is not JSON") from None


def _invalid(field: str, message: str, code: str) -> ProblemError:
    detail = f"{field}: {message}" if field else message
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, detail, (FieldError(field, message, code),))
