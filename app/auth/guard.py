"""Enforces the table of routes: all requests and WebSockets are admitted or refused here."""

import logging
import time
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

import msgspec
from opentelemetry import metrics
from starlette.requests import Request
from starlette.routing import BaseRoute, Match, Mount, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.problems import ProblemError, on_problem, on_too_many
from app.api.request_target import is_path
from app.auth.acs import AccessRefusedError
from app.auth.checks import AccessPolicy, Admitted, Asking, Checks
from app.auth.refusals import HandshakeDeniedError, accept_and_close, deny
from app.auth.route_table import SOCKET, Check, check_of
from app.auth.socket_auth import SocketRefusedError
from app.limits.clients import TooManyError
from app.server.sockets.socket_writer import OVERLOADED, REFUSED

log = logging.getLogger("earshot.access")

NOTED_EVERY_S = 60.0
MOST_NOTED = 100

_refused_sockets = metrics.get_meter("earshot").create_counter(
    "earshot.socket.refusals", description="WebSockets of browsers that were refused before a session began"
)

ADMITTED = "earshot.admitted"
"""The key of an ASGI scope under which the guard leaves the `Admitted` that it has found."""


def admitted(scope: Scope) -> Admitted:
    """Return what the guard has found out about the sender of a request.

    Raises:
        LookupError: the request has not passed the guard.
    """
    found: Admitted | None = scope.get(ADMITTED)
    if found is None:
        raise LookupError("this request has not passed AccessGuard: serve the route by app.api.asgi.app_of")
    return found


class Matched(msgspec.Struct, frozen=True):
    """The route that will answer a request; `method` and `path` (a template) are as in the table of routes."""

    method: str
    path: str
    path_params: dict[str, Any]


class AccessGuard:
    """ASGI middleware inside the application, so that it sees every route that the router does."""

    def __init__(self, app: ASGIApp, policy: AccessPolicy) -> None:
        self._app = app
        self._exposure = policy.exposure
        self._checks = Checks(policy)
        self._noted: dict[str, float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on to its route if its check admits it, else refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        matched = matched_route(scope["app"].routes, scope) if is_path(scope) else None
        check = None if matched is None else check_of(matched.method, matched.path)
        try:
            if matched is not None:
                scope[ADMITTED] = await self._admit(scope, matched, check)
            else:
                self._pass_unknown(scope)
        except ProblemError as problem:
            await self._refuse(scope, receive, send, problem, check)
        except AccessRefusedError as refused:
            await self._refuse(scope, receive, send, refused.problem(), check)
        except SocketRefusedError as refused:
            self._note_refusal(refused.reason)
            await accept_and_close(receive, send, refused.code, refused.reason)
        except TooManyError as error:
            await self._put_off(scope, receive, send, error)
        else:
            await self._app(scope, receive, send)

    async def _admit(self, scope: Scope, matched: Matched, check: Check | None) -> Admitted:
        if check is None:
            log.error("a route without a row in the table was asked for", extra={"route": matched.path})
            raise ProblemError(HTTPStatus.FORBIDDEN, "nobody has decided who may use this route")
        self._require_host(scope)
        query = {key: values[-1] for key, values in parse_qs(scope["query_string"].decode("latin-1")).items()}
        asking = Asking(scope=scope, query=query, path_params=matched.path_params)
        return await self._checks.admit(check, asking, f"{matched.method} {matched.path}")

    def _pass_unknown(self, scope: Scope) -> None:
        """Pass on a request for which there is no route: Starlette answers 404.

        WebSockets, to which it would answer 403, and targets that are no paths are answered here.

        Raises:
            ProblemError: 403 for a foreign Host; 404 for a WebSocket, and for a target that is no path.
        """
        self._require_host(scope)
        if scope["type"] == "websocket":
            raise ProblemError(HTTPStatus.NOT_FOUND, "there is no WebSocket at this address")
        if not is_path(scope):
            raise ProblemError(HTTPStatus.NOT_FOUND, "Not Found")

    def _require_host(self, scope: Scope) -> None:
        headers = Request({**scope, "type": "http"}).headers
        if not self._exposure.serves_host(headers):
            raise ProblemError(HTTPStatus.FORBIDDEN, "Host: not a name of this server, see ALLOWED_HOSTS and BASE_URL")

    def _note_refusal(self, reason: str) -> None:
        """Count a refused WebSocket, and log it at most once a minute for each reason, since anybody can cause any
        number."""
        _refused_sockets.add(1)
        now = time.monotonic()
        if now - self._noted.get(reason, -NOTED_EVERY_S) >= NOTED_EVERY_S:
            if len(self._noted) >= MOST_NOTED:
                self._noted.clear()
            self._noted[reason] = now
            log.warning("a WebSocket was refused: %s", reason)

    async def _put_off(self, scope: Scope, receive: Receive, send: Send, error: TooManyError) -> None:
        if scope["type"] == "http":
            response = await on_too_many(Request(scope), error)
            await response(scope, receive, send)
        else:
            await accept_and_close(receive, send, OVERLOADED, error.reason)

    async def _refuse(
        self, scope: Scope, receive: Receive, send: Send, problem: ProblemError, check: Check | None
    ) -> None:
        if scope["type"] == "http":
            response = await on_problem(Request(scope), problem)
            await response(scope, receive, send)
        elif check in (Check.CONVERSATION, Check.WATCH):
            await accept_and_close(receive, send, REFUSED, problem.detail)
        else:
            await receive()
            await deny(scope, send, HandshakeDeniedError(problem.status, problem.detail))


def matched_route(routes: Iterable[BaseRoute], scope: Scope, prefix: str = "") -> Matched | None:
    """Return the route to which Starlette will give a request; None if Starlette answers 404 or 405 itself."""
    for route in routes:
        match, child = route.matches(scope)
        if match is not Match.FULL:
            continue
        path = prefix + getattr(route, "path", "")
        if isinstance(route, Mount) and route.routes:
            return matched_route(route.routes, {**scope, **child}, path)
        method = SOCKET if isinstance(route, WebSocketRoute) else scope.get("method", "")
        return Matched(method, path, child.get("path_params", {}))
    return None
