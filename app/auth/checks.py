"""The checks that the table of routes names. Each one returns what it has found out about the sender of a request."""

import base64
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.datastructures import Headers
from starlette.types import Scope

from app.api.problems import ProblemError
from app.auth.acs import AccessRefusedError, AcsAccess
from app.auth.audit import AccessAudit, OperatorProof
from app.auth.browser import OPERATOR_ROLE, BrowserAccess, Grant, is_operator, subject_of
from app.auth.exposure import Asker, Exposure
from app.auth.jwt import TokenError, TokensUnavailableError, bearer_of
from app.auth.origins import may_connect, own_page
from app.auth.route_table import Check
from app.auth.socket_auth import SocketRefusedError, require_resume_token, require_session_id
from app.limits.client_limits import Rate
from app.limits.clients import Clients
from app.server.asgi_relay import RELAYED
from app.server.sockets.socket_writer import OVERLOADED, REFUSED
from app.sessions.known_sessions import KnownSessions
from config.groups.access import BrowserAuth
from config.settings import Settings

BEARER = "bearer."
"""The beginning of a WebSocket subprotocol that carries a token."""
UNPROVEN = "calls are told of from this machine only, since ENABLE_AUTH_VALIDATION does not say what is to prove them"


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """A request that asks to be admitted: its ASGI scope, the last values of its query, and the parameters of
    its path.
    """

    scope: Scope
    query: Mapping[str, str]
    path_params: Mapping[str, Any]

    @property
    def headers(self) -> Headers:
        """The headers of the request; their names ignore case."""
        return Headers(scope=self.scope)

    @property
    def is_forwarded(self) -> bool:
        """Whether another worker of this server forwards the request, and has admitted and counted it already."""
        return bool(self.scope.get(RELAYED))


class Admitted(msgspec.Struct, frozen=True, kw_only=True):
    """The sender of a request that was admitted.

    `browser_auth` is what a browser like this one has to prove. `grant` is what its token gives access to; it is None
    for operators, and where no token is required, unless the token brings a context. `local`: a program on this
    machine, or the server's own page there. `subject` is the Entra user, if one has shown a token and is not an
    operator.
    """

    browser_auth: BrowserAuth
    local: bool
    operator: bool = False
    grant: Grant | None = None
    subject: str = ""


class AccessPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """The settings and services by which the checks of one worker decide."""

    settings: Settings
    exposure: Exposure
    browser_access: BrowserAccess
    acs_access: AcsAccess
    clients: Clients
    sessions: KnownSessions


class Checks:
    """Applies to each request the check that the table of routes names for it."""

    def __init__(self, policy: AccessPolicy) -> None:
        self._policy = policy
        self._audit = AccessAudit()

    async def admit(self, check: Check, asking: Asking, route: str) -> Admitted:
        """Apply the check of its route to a request. `route` is its method and the template of its path.

        Raises:
            ProblemError, AccessRefusedError, TooManyError: to be answered with an HTTP status.
            SocketRefusedError, TooManyError: a browser's WebSocket, to be closed with a code.
        """
        asker = Asker.of(asking.scope)
        local = self._policy.exposure.from_this_machine(asker)
        known = Admitted(browser_auth=self._policy.browser_access.demanded(local=local), local=local)
        match check:
            case Check.PUBLIC:
                return known
            case Check.OPERATOR:
                return await self._operator(known, asking, asker, route)
            case Check.CONSOLE:
                return await self._console(known, asking, asker, route)
            case Check.OWN_SESSION:
                return await self._own_session(known, asking, asker, route)
            case Check.TOKEN_ISSUE:
                return await self._token_issue(known, asking)
            case Check.CONVERSATION | Check.WATCH:
                return await self._browser_socket(known, asking, watches=check is Check.WATCH)
            case Check.ACS_CALLBACK | Check.ACS_MEDIA | Check.EVENT_GRID:
                await self._acs(check, asking, known)
                return known

    async def _console(self, known: Admitted, asking: Asking, asker: Asker, route: str) -> Admitted:
        if not may_connect(asking.headers, (), self._policy.settings.server.base_url):
            raise ProblemError(HTTPStatus.FORBIDDEN, "only the console of this server may open this socket")
        return await self._operator(known, asking, asker, route, token_of_subprotocol(asking.headers))

    async def _operator(
        self, known: Admitted, asking: Asking, asker: Asker, route: str, token: str | None = None
    ) -> Admitted:
        try:
            proof = await self._proof(known, bearer_of(asking.headers) if token is None else token)
        except ProblemError as problem:
            self._audit.refused(route, asker.client, problem.detail)
            raise
        if not asking.is_forwarded:
            self._audit.let_in(route, asker.client, proof, asking.path_params)
        return msgspec.structs.replace(known, operator=True)

    async def _proof(self, known: Admitted, token: str) -> OperatorProof:
        """Check an operator's token, and return the kind of proof by which the operator is accepted.

        Raises:
            ProblemError: 401 for a missing or wrong token, 403 for a wrong role or, where no operator token is
                configured, for another machine, 503 if a token cannot be checked.
        """
        access = self._policy.browser_access
        expected = self._policy.settings.access.operator_token
        if expected is not None and expected.matches(token):
            return OperatorProof.TOKEN
        if token and access.mode is BrowserAuth.ENTRA:
            try:
                claims = await access.entra_claims(token)
            except (TokenError, TokensUnavailableError) as error:
                raise refused(error) from None
            if not is_operator(claims):
                raise ProblemError(HTTPStatus.FORBIDDEN, f"the token does not carry the role {OPERATOR_ROLE}")
            return OperatorProof.ENTRA
        if expected is not None:
            raise ProblemError(HTTPStatus.UNAUTHORIZED, "the operator token is missing or wrong")
        if not known.local:
            raise ProblemError(
                HTTPStatus.FORBIDDEN,
                "without OPERATOR_TOKEN this route answers this machine only, and not where HOST or BASE_URL is public",
            )
        return OperatorProof.THIS_MACHINE

    async def _own_session(self, known: Admitted, asking: Asking, asker: Asker, route: str) -> Admitted:
        """Admit operators to every session, and other bearers of a token to the session that it names.

        Where no access control is configured, requests from this machine are admitted too.
        """
        if known.browser_auth is BrowserAuth.OFF and known.local:
            return known
        try:
            proof = await self._proof(known, bearer_of(asking.headers))
        except ProblemError:
            try:
                grant = await self._policy.browser_access.grant_of(bearer_of(asking.headers))
            except (TokenError, TokensUnavailableError) as error:
                raise refused(error) from None
            if asking.path_params.get("session_id", grant.session_id) != grant.session_id:
                raise ProblemError(HTTPStatus.FORBIDDEN, "the token is not for this session") from None
            return msgspec.structs.replace(known, grant=grant)
        if not asking.is_forwarded:
            self._audit.let_in(route, asker.client, proof, asking.path_params)
        return msgspec.structs.replace(known, operator=True)

    async def _token_issue(self, known: Admitted, asking: Asking) -> Admitted:
        """Admit those who may have a token issued; `operator` in the result means that it also shows what others say.

        Raises:
            ProblemError: 401 or 403 unless it is an operator, an Entra user or a page of this server, 503 if a token
                cannot be checked.
            TooManyError: the client has asked too often.
        """
        policy, headers = self._policy, asking.headers
        policy.clients.require(policy.clients.of(asking.scope), Rate.REQUESTS)
        expected, bearer = policy.settings.access.operator_token, bearer_of(headers)
        of_a_page = "origin" in headers or "sec-fetch-site" in headers
        if expected is not None and expected.matches(bearer):
            return msgspec.structs.replace(known, operator=True)
        if known.browser_auth is BrowserAuth.OFF:
            return msgspec.structs.replace(known, operator=expected is None and known.local and not of_a_page)
        if known.browser_auth is BrowserAuth.ENTRA:
            try:
                claims = await policy.browser_access.entra_claims(bearer)
            except (TokenError, TokensUnavailableError) as error:
                raise refused(error) from None
            # An operator has tokens made for others, who are not to share the limits of one user.
            operator = is_operator(claims)
            return msgspec.structs.replace(known, operator=operator, subject="" if operator else subject_of(claims))
        if bearer:
            raise ProblemError(HTTPStatus.UNAUTHORIZED, "the operator token is wrong")
        if own_page(headers, policy.settings.server.base_url):
            return known
        if of_a_page:
            raise ProblemError(
                HTTPStatus.FORBIDDEN, "only a page of this server is given a token without the operator's"
            )
        if expected is None and known.local:
            return msgspec.structs.replace(known, operator=True)
        raise ProblemError(HTTPStatus.UNAUTHORIZED, "a token is for operators and for the page of this server")

    async def _browser_socket(self, known: Admitted, asking: Asking, *, watches: bool) -> Admitted:
        policy, settings = self._policy, self._policy.settings
        session_id = asking.query.get("session_id", "")
        require_session_id(session_id)
        # Before a token is looked at or a store is asked: whatever becomes of the connection, it counts. One that
        # another worker forwards was counted there.
        if not asking.is_forwarded:
            policy.clients.require(policy.clients.of(asking.scope), Rate.CONNECTIONS)
        if not may_connect(asking.headers, settings.access.allowed_origins, settings.server.base_url):
            raise SocketRefusedError(REFUSED, "this origin may not open a conversation, see ALLOWED_ORIGINS")
        # On this machine a page of an allowed origin is as welcome as our own; it may not watch others.
        welcome = not watches and policy.exposure.reached_on_this_machine(Asker.of(asking.scope))
        if policy.browser_access.demanded(local=known.local or welcome) is BrowserAuth.OFF:
            return known if watches else await self._with_context(known, asking)
        try:
            grant = await policy.browser_access.grant_of(asking.query.get("token", ""))
            grant.require(session_id)
        except TokenError as error:
            raise SocketRefusedError(REFUSED, f"token {error.reason}") from None
        except TokensUnavailableError as error:
            raise SocketRefusedError(OVERLOADED, f"{error}, try again soon") from None
        # A page is given a token for whatever session it names: that alone must not open what others say.
        if watches and not grant.vouched:
            offered = asking.query.get("resume_token", "")
            await require_resume_token(policy.sessions, session_id or grant.session_id, offered, demanded=True)
        return msgspec.structs.replace(known, grant=grant, subject=grant.subject)

    async def _with_context(self, known: Admitted, asking: Asking) -> Admitted:
        """Admit a browser where no token is required; one that brings a context must still be for the session.

        Other tokens are not checked: a page with an old one, or one of another server, is admitted as well.
        """
        token = asking.query.get("token", "")
        try:
            grant = await self._policy.browser_access.grant_of(token) if token else Grant()
        except (TokenError, TokensUnavailableError):
            return known
        if grant.given is None:
            return known
        try:
            grant.require(asking.query.get("session_id", ""))
        except TokenError as error:
            raise SocketRefusedError(REFUSED, f"token {error.reason}") from None
        return msgspec.structs.replace(known, grant=grant)

    async def _acs(self, check: Check, asking: Asking, known: Admitted) -> None:
        """Admit the telephone network.

        If checks are on, it needs its token and, but for Event Grid, the secret of a call in the path. If they are off,
        that secret is enough, or what `AcsAccess.admits_unproven` accepts.

        Raises:
            AccessRefusedError: nothing shows that it is the network.
        """
        access, settings, headers = self._policy.acs_access, self._policy.settings, asking.headers
        is_media = check is Check.ACS_MEDIA
        if is_media and not may_connect(headers, settings.access.allowed_origins, settings.server.base_url):
            raise AccessRefusedError(HTTPStatus.FORBIDDEN, "this origin may not open a media socket")
        knows_secret = bool(asking.path_params.get("call_secret"))
        if not access.on:
            # The secret of a call is told to nobody but the network.
            if not knows_secret and not access.admits_unproven(local=known.local):
                raise AccessRefusedError(HTTPStatus.FORBIDDEN, UNPROVEN)
        elif check is Check.EVENT_GRID:
            await access.require_event_grid(headers)
        else:
            await (access.require_media(headers) if is_media else access.require_callback(headers))
            if not knows_secret:
                reason = "only the address that ACS was given for this call is open"
                raise AccessRefusedError(HTTPStatus.FORBIDDEN, reason)


def token_of_subprotocol(headers: Headers) -> str:
    """Return the token in `Sec-WebSocket-Protocol: ..., bearer.TOKEN`, where it is base64url; empty if there is none.

    That is the only header that a page can set on a WebSocket. In the URL the token would get into the logs of proxies.
    """
    for offered in headers.get("sec-websocket-protocol", "").split(","):
        encoded = offered.strip()
        if encoded.startswith(BEARER):
            encoded = encoded.removeprefix(BEARER)
            try:
                return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
            except ValueError:
                return ""
    return ""


def refused(error: TokenError | TokensUnavailableError) -> ProblemError:
    """Return the problem for a token that is not accepted, or that cannot be checked."""
    if isinstance(error, TokenError):
        return ProblemError(HTTPStatus.UNAUTHORIZED, f"token {error.reason}")
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, str(error), headers={"Retry-After": "5"})
