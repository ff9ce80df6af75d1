"""Every route of the server and the check that it is behind. A route that is not here is not served.

`AccessGuard` enforces the table; the handlers check nothing. To add a route, add its row here first: without one the
app refuses to be made.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum, auto

from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from app.errors import AppError

API = "/api/v1"
SOCKET = "WEBSOCKET"
"""Stands in the place of the HTTP method in the rows of WebSockets."""
STATIC_FILES = "/static/{file}"


class Check(StrEnum):
    """What the sender of a request has to prove before its route is served."""

    PUBLIC = auto()
    """Everybody is admitted."""
    OPERATOR = auto()
    """OPERATOR_TOKEN or an Entra token with the operator's role; if neither is configured, requests from this
    machine."""
    CONSOLE = auto()
    """As OPERATOR, for a WebSocket of the server's own page. It brings its token as a subprotocol, since a page cannot
    set headers there."""
    OWN_SESSION = auto()
    """A browser's token, which opens the session it was issued for; operators see every session."""
    TOKEN_ISSUE = auto()
    """The server's own page, an operator, or a user of Entra."""
    CONVERSATION = auto()
    """The server's own page, an operator, or a user with an Entra token."""
    WATCH = auto()
    """As CONVERSATION, but only operators and holders of the session's resume token see what others say."""
    ACS_CALLBACK = auto()
    """A token that Azure Communication Services has signed, if the settings require one."""
    ACS_MEDIA = auto()
    """As ACS_CALLBACK, and no request from a page of another site."""
    EVENT_GRID = auto()
    """Event Grid's secret or token, if the settings require one."""


class UnlistedRouteError(AppError):
    """A route has no row in the table, so that it is not known who may use it."""


_API_ROUTES: tuple[tuple[str, str, Check], ...] = (
    ("GET", "/health", Check.PUBLIC),
    ("GET", "/health/live", Check.PUBLIC),
    ("GET", "/health/readiness", Check.PUBLIC),
    ("GET", "/readiness", Check.PUBLIC),
    ("GET", "/health/actors", Check.OPERATOR),
    ("GET", "/health/actors/{session_id}", Check.OPERATOR),
    ("POST", "/health/actors/{session_id}/{actor}/restart", Check.OPERATOR),
    (SOCKET, "/console", Check.CONSOLE),
    ("GET", "/sessions/{session_id}/timeline", Check.OPERATOR),
    ("GET", "/sessions/{session_id}/audio", Check.OPERATOR),
    ("POST", "/workers/{worker}/drain", Check.OPERATOR),
    ("GET", "/logs", Check.OPERATOR),
    ("PUT", "/logs", Check.OPERATOR),
    ("GET", "/realtime/status", Check.PUBLIC),
    ("POST", "/realtime/token", Check.TOKEN_ISSUE),
    ("GET", "/sessions", Check.OWN_SESSION),
    ("GET", "/sessions/{session_id}", Check.OWN_SESSION),
    ("DELETE", "/sessions/{session_id}", Check.OPERATOR),
    ("GET", "/sessions/{session_id}/transcript", Check.OPERATOR),
    ("GET", "/sessions/{session_id}/record", Check.OPERATOR),
    ("GET", "/sessions/{session_id}/approvals", Check.OPERATOR),
    ("POST", "/sessions/{session_id}/approvals/{approval_id}", Check.OPERATOR),
    ("GET", "/agents", Check.PUBLIC),
    ("GET", "/agents/{name}", Check.PUBLIC),
    ("PUT", "/agents/{name}", Check.OPERATOR),
    ("POST", "/calls/initiate", Check.OPERATOR),
    ("POST", "/calls/terminate", Check.OPERATOR),
    ("GET", "/calls", Check.OPERATOR),
    ("GET", "/calls/{call_id}", Check.OPERATOR),
    ("DELETE", "/calls/{call_id}", Check.OPERATOR),
    ("POST", "/calls/{call_id}/transfer", Check.OPERATOR),
    ("POST", "/calls/{call_id}/hold", Check.OPERATOR),
    ("POST", "/calls/{call_id}/unhold", Check.OPERATOR),
    ("POST", "/calls/answer", Check.EVENT_GRID),
    # The handshake of a subscription comes before anything that could prove itself, and tells nothing.
    ("OPTIONS", "/calls/answer", Check.PUBLIC),
    ("POST", "/calls/callbacks", Check.ACS_CALLBACK),
    ("POST", "/calls/callbacks/{call_secret}", Check.ACS_CALLBACK),
    ("GET", "/media/status", Check.PUBLIC),
    ("POST", "/media/sessions", Check.OPERATOR),
    ("GET", "/media/sessions/{session_id}", Check.OPERATOR),
    (SOCKET, "/media/stream", Check.ACS_MEDIA),
    (SOCKET, "/media/stream/{call_secret}", Check.ACS_MEDIA),
    (SOCKET, "/realtime/conversation", Check.CONVERSATION),
    (SOCKET, "/browser/conversation", Check.CONVERSATION),
    (SOCKET, "/realtime/dashboard/relay", Check.WATCH),
    (SOCKET, "/browser/dashboard/relay", Check.WATCH),
)

TABLE: dict[tuple[str, str], Check] = {
    ("GET", "/"): Check.PUBLIC,
    # Without a token it shows nothing of the server.
    ("GET", "/console"): Check.PUBLIC,
    ("GET", STATIC_FILES): Check.PUBLIC,
    # They tell of no session, agent or secret; ENABLE_DOCS takes them away.
    ("GET", "/docs"): Check.PUBLIC,
    ("GET", "/openapi.json"): Check.PUBLIC,
    ("GET", "/asyncapi.json"): Check.PUBLIC,
    ("GET", "/metrics"): Check.OPERATOR,
    **{(method, API + path): check for method, path, check in _API_ROUTES},
}


def check_of(method: str, path: str) -> Check | None:
    """Return the check of a route, by its path template such as `/api/v1/agents/{name}`; None if it has no row."""
    if path.startswith("/static/"):
        path = STATIC_FILES
    return TABLE.get(("GET" if method == "HEAD" else method, path))


def served(routes: Iterable[BaseRoute], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the method and path template of every route, including those below a mount.

    A route of another class than Starlette's plain ones has the method `*`, which no row of the table has.
    """
    for route in routes:
        match route:
            case Mount(routes=[_, *_]):
                yield from served(route.routes, prefix + route.path)
            case WebSocketRoute():
                yield SOCKET, prefix + route.path
            case Route():
                for method in sorted((route.methods or {"*"}) - {"HEAD"}):
                    yield method, prefix + route.path
            case _:
                yield "*", prefix + getattr(route, "path", "")


def require_listed(routes: Iterable[BaseRoute]) -> None:
    """Check that every route has a row in the table.

    Raises:
        UnlistedRouteError: names the first route without one.
    """
    for method, path in served(routes):
        if check_of(method, path) is None:
            raise UnlistedRouteError(f"{method} {path} has no row in app/auth/route_table.py: who may use it?")
