"""What operators ask and order of a live session reaches the worker that has it, on whichever machine.

Where a session is of a machine of many workers is known there (`app/server/session_forwarding.py`); of other machines
every worker is asked. It stands behind `AccessGuard`; the other worker holds a request that is passed on to its own
guard again.
"""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping

from opentelemetry import metrics
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from actors.errors import StoreError
from app.api.problems import ProblemError
from app.api.requests import body_of
from app.cluster.cluster import Cluster
from app.cluster.file_passing import pass_on_file
from app.cluster.request_passing import BODY_BYTES, RequestPassing
from app.cluster.worker_requests import NO, YES
from app.server.asgi_relay import RELAYED
from app.sessions.known_sessions import KnownSessions

log = logging.getLogger(__name__)

HAS_SESSION, HAS_TIMELINE, HAS_AUDIO = "session", "timeline", "audio"
"""What workers ask each other about a session: whether it is live there, whether its timeline is kept there, whether
its audio is."""

Keeps = Mapping[str, Callable[[str], bool]]
"""By HAS_TIMELINE and HAS_AUDIO: tells whether a worker has the timeline or the audio of a session, by its id."""

_ABOUT_LIVE = re.compile(r"/api/v1/(?:sessions/([^/]+)/approvals(?:/[^/]+)?|health/actors/([^/]+)(?:/.*)?)")
_KEPT = re.compile(rf"/api/v1/sessions/([^/]+)/({HAS_TIMELINE}|{HAS_AUDIO})")
_SESSION = re.compile(r"/api/v1/sessions/([^/]+)")
"""Matches the path of one session. Its record can be read from the store, but only its worker can end it."""

_forwarded = metrics.get_meter("earshot").create_counter(
    "earshot.sessions.forwarded", description="Requests about sessions that a worker elsewhere answered, by outcome"
)


class SessionRequests:
    """ASGI middleware that has the worker of a live session answer what only that one can.

    Args:
        app: answers what concerns sessions of this worker, and all else.
        cluster: knows the other workers.
        sessions: those of this worker.
        keeps: what this worker has of sessions.
    """

    def __init__(self, app: ASGIApp, cluster: Cluster, sessions: KnownSessions, keeps: Keeps) -> None:
        self._app = app
        self._cluster = cluster
        self._sessions = sessions
        self._keeps = keeps
        self._passing = RequestPassing(cluster, "session", _forwarded)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer here, or have the worker that has the session answer."""
        session_id, kept = _asked_of(scope) if self._cluster.is_running and not scope.get(RELAYED) else ("", "")
        if not session_id or self._sessions.live(session_id) is not None:
            return self._app(scope, receive, send)
        return self._answer(session_id, kept, scope, receive, send)

    async def _answer(self, session_id: str, kept: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request about a session that is not live here: here too, unless a worker elsewhere has it."""
        try:
            owner = await self._owner(session_id, kept)
            if owner and kept == HAS_AUDIO:
                await pass_on_file(self._passing, owner, scope, send)
                return
            if owner:
                body = await body_of(Request(scope, receive), BODY_BYTES)
                await self._passing.pass_on(owner, scope, body, send)
                return
        except ProblemError as problem:
            await self._passing.refuse(problem, scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _owner(self, session_id: str, kept: str) -> str:
        """The worker elsewhere that has a session, or of one that is over what is `kept`; empty if none that answers
        has.

        Raises:
            ProblemError: it cannot be found out.
        """
        try:
            owner, missing = await self._cluster.first_with(HAS_SESSION, session_id.encode())
            if not owner and kept and not self._keeps[kept](session_id):
                owner, missing = await self._cluster.first_with(kept, session_id.encode())
        except StoreError as error:
            log.warning("a request is refused, since its session may be another worker's: %s", error)
            owner, missing = "", 1
        if missing and not owner:
            raise self._passing.unknown_owner()
        return owner


def answer_who_has_sessions(cluster: Cluster, sessions: KnownSessions, keeps: Keeps) -> None:
    """Have this worker tell others which sessions it has, and what of them; to be called before the cluster's start."""
    _answer(cluster, HAS_SESSION, lambda session_id: sessions.live(session_id) is not None)
    for topic, has in keeps.items():
        _answer(cluster, topic, has)


def _answer(cluster: Cluster, topic: str, has: Callable[[str], bool]) -> None:
    async def answer(payload: bytes) -> bytes:
        return YES if has(payload.decode(errors="replace")) else NO

    cluster.on(topic, answer)


def _asked_of(scope: Scope) -> tuple[str, str]:
    """The id of the session of which only a worker that has it can answer, and what is asked for if that is kept when
    it is over; both empty for any other request.
    """
    if scope["type"] != "http":
        return "", ""
    if named := _KEPT.fullmatch(scope["path"]):
        return named[1], named[2]
    if named := _ABOUT_LIVE.fullmatch(scope["path"]):
        return named[1] or named[2], ""
    ending = _SESSION.fullmatch(scope["path"]) if scope["method"] == "DELETE" else None
    return (ending[1] if ending else ""), ""
