"""What operators ask and order of a live session reaches the worker that has it, on whichever machine.

Where a session is of a machine of many workers is known there (`app/server/session_forwarding.py`); of other machines
every worker is asked. It stands behind `AccessGuard`; the other worker holds a request that is passed on to its own
guard again.
"""

import logging
import re
from collections.abc import Callable

from opentelemetry import metrics
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from actors.errors import StoreError
from app.api.problems import ProblemError
from app.api.requests import body_of
from app.cluster.cluster import Cluster
from app.cluster.hand_over import NO, YES
from app.cluster.request_passing import BODY_BYTES, RequestPassing
from app.known_sessions import KnownSessions
from app.server.asgi_relay import RELAYED

log = logging.getLogger(__name__)

HAS_SESSION, HAS_TIMELINE = "session", "timeline"
"""What workers ask each other: whether a session is live there, or was, and is still told of."""

_ABOUT_LIVE = re.compile(
    r"/api/v1/(?:sessions/([^/]+)/(?:approvals(?:/[^/]+)?|timeline)|health/actors/([^/]+)(?:/.*)?)"
)
_SESSION = re.compile(r"/api/v1/sessions/([^/]+)")
"""Whoever reads it is answered from the store; whoever ends it has to reach it."""

_forwarded = metrics.get_meter("earshot").create_counter(
    "earshot.sessions.forwarded", description="Requests about sessions that a worker elsewhere answered, by outcome"
)


class SessionRequests:
    """ASGI middleware that has the worker of a live session answer what only that one can.

    Args:
        app: answers what concerns sessions of this worker, and all else.
        cluster: knows the other workers.
        sessions: those of this worker.
        has_timeline: whether this worker knows what happened in a session, live or over.
    """

    def __init__(
        self, app: ASGIApp, cluster: Cluster, sessions: KnownSessions, has_timeline: Callable[[str], bool]
    ) -> None:
        self._app = app
        self._cluster = cluster
        self._sessions = sessions
        self._has_timeline = has_timeline
        self._passing = RequestPassing(cluster, "session", _forwarded)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer here, or have the worker that has the session answer."""
        session_id = _session_id(scope) if self._cluster.is_running and not scope.get(RELAYED) else ""
        if not session_id or self._sessions.live(session_id) is not None:
            await self._app(scope, receive, send)
            return
        try:
            owner = await self._owner(session_id, or_timeline=scope["path"].endswith("/timeline"))
            if owner:
                body = await body_of(Request(scope, receive), BODY_BYTES)
                await self._passing.pass_on(owner, scope, body, send)
                return
        except ProblemError as problem:
            await self._passing.refuse(problem, scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _owner(self, session_id: str, *, or_timeline: bool) -> str:
        """The worker elsewhere that has a session, or of one that is over the timeline; empty if none that answers has.

        Raises:
            ProblemError: it cannot be found out.
        """
        try:
            owner, missing = await self._cluster.first_with(HAS_SESSION, session_id.encode())
            if not owner and or_timeline and not self._has_timeline(session_id):
                owner, missing = await self._cluster.first_with(HAS_TIMELINE, session_id.encode())
        except StoreError as error:
            log.warning("a request is refused, since its session may be another worker's: %s", error)
            owner, missing = "", 1
        if missing and not owner:
            raise self._passing.unknown_owner()
        return owner


def answer_who_has_sessions(cluster: Cluster, sessions: KnownSessions, has_timeline: Callable[[str], bool]) -> None:
    """Have this worker tell others which sessions it has, or had; to be called before the cluster's start."""

    async def live(payload: bytes) -> bytes:
        return YES if sessions.live(payload.decode(errors="replace")) is not None else NO

    async def timeline(payload: bytes) -> bytes:
        return YES if has_timeline(payload.decode(errors="replace")) else NO

    cluster.on(HAS_SESSION, live)
    cluster.on(HAS_TIMELINE, timeline)


def _session_id(scope: Scope) -> str:
    """The id of the session that only its own worker can answer for; empty for any other request."""
    if scope["type"] != "http":
        return ""
    if named := _ABOUT_LIVE.fullmatch(scope["path"]):
        return named[1] or named[2]
    ending = _SESSION.fullmatch(scope["path"]) if scope["method"] == "DELETE" else None
    return ending[1] if ending else ""
