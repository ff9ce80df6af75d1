"""Sticky sessions: what concerns a session goes to the worker that has it, whichever worker took the connection.

The middleware stands behind `AccessGuard`, so that only admitted clients claim a session's id or reach another worker.
The other worker has its own guard check a forwarded connection again: it alone knows the session's resume token.
"""

import asyncio
import logging
import os
import re
from collections import Counter
from collections.abc import Container
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs

from opentelemetry import metrics
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import ProblemError, on_problem
from app.auth.guard import admitted
from app.auth.socket_auth import usable_session_id
from app.server.asgi_relay import RELAYED, RelayError, address_of, relay
from app.server.lifecycle import Lifecycle
from app.server.processes.worker_bus import WorkerBusError
from app.server.sockets.socket_writer import OVERLOADED, RESTARTING
from app.sessions.known_sessions import KnownSessions

log = logging.getLogger(__name__)

_SOCKETS = re.compile(r"/api/v1/(realtime|browser)/(conversation|dashboard/relay)")
_RESOURCES = re.compile(r"/api/v1/(?:sessions|health/actors)/([^/]+)(?:/.*)?")
RETRY_AFTER_S = 1

_relayed = metrics.get_meter("earshot").create_counter(
    "earshot.relay.connections", description="Connections that another worker answered"
)
_failed = metrics.get_meter("earshot").create_counter(
    "earshot.relay.failures", description="Connections whose worker could not be found out, or did not answer"
)


class SessionForwarding:
    """ASGI middleware that answers a connection here or has the worker that owns its session answer it.

    `directory` holds the Unix sockets by which workers reach each other, and `shown` the ids of sessions that a socket
    here shows or will show. A session's WebSocket claims the id: of two
    workers that are asked for a session that neither has, one makes it and the other forwards its connection. Where
    the launcher cannot tell who owns a session, the client is told to come back.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        lifecycle: Lifecycle,
        sessions: KnownSessions,
        shown: Container[str],
        directory: Path,
    ) -> None:
        self._app = app
        self._lifecycle = lifecycle
        self._worker_bus = lifecycle.worker_bus
        self._sessions = sessions
        self._shown = shown
        self._directory = directory
        self._relayed: set[asyncio.Task[None]] = set()
        self._claims: Counter[str] = Counter()
        lifecycle.on_drain(self._drain)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the connection, or have the right worker answer it."""
        session_id = self._session_id(scope)
        if not session_id or self._sessions.live(session_id) is not None:
            await self._app(scope, receive, send)
            return
        claim = scope["type"] == "websocket"
        try:
            owner = await self._worker_bus.owner(session_id, claim=claim)
        except WorkerBusError as error:
            log.warning("a connection is refused: %s", error)
            await _refuse(scope, receive, send, str(error))
            return
        if owner not in (0, os.getpid()):
            await self._forward(owner, scope, receive, send)
        elif claim:
            await self._answer_claimed(session_id, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _answer_claimed(self, session_id: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and give the id back when the last connection that claimed it has begun no session."""
        self._claims[session_id] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._claims[session_id] -= 1
            if not self._claims[session_id]:
                del self._claims[session_id]
                if not self._is_known(session_id):
                    self._worker_bus.session_left(session_id, begun=False)

    def _is_known(self, session_id: str) -> bool:
        """Whether this worker has the session, or a socket here shows or will show it."""
        return self._sessions.live(session_id) is not None or session_id in self._shown

    async def _forward(self, owner: int, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get(
            RELAYED
        ):  # The session has moved to another worker while this connection was being forwarded to this one.
            log.warning("a connection is refused: its session moved to another worker while it was forwarded")
            await _refuse(scope, receive, send, "the session has moved")
            return
        _relayed.add(1)
        sent = _Sent(send)
        relaying = asyncio.ensure_future(relay(address_of(self._directory, owner), scope, receive, sent))
        if scope["type"] == "websocket":
            self._relayed.add(relaying)
            relaying.add_done_callback(self._relayed.discard)
        try:
            await relaying
        except RelayError as error:
            # When all workers end together, one ends before the others: that is no fault.
            level = logging.WARNING if self._lifecycle.admits() else logging.INFO
            log.log(level, "a connection cannot be forwarded to worker %d: %s", owner, error)
            await _refuse(scope, receive, send, str(error), begun=sent.begun)
        finally:
            relaying.cancel()

    def _session_id(self, scope: Scope) -> str:
        """The id of the session that a connection is about; empty if it names none, or an invalid one."""
        if scope["type"] == "http":
            named = _RESOURCES.fullmatch(scope["path"])
            session_id = named[1] if named else ""
        elif scope["type"] == "websocket" and _SOCKETS.fullmatch(scope["path"]):
            query = parse_qs(scope["query_string"].decode("latin-1"))
            grant = admitted(scope).grant
            session_id = query.get("session_id", [""])[-1] or (grant.session_id if grant else "")
        else:
            session_id = ""
        return session_id if usable_session_id(session_id) else ""

    async def _drain(self, deadline: float) -> None:
        """Sockets of sessions of other workers stay open for as long as those sessions do."""
        if self._relayed:
            await asyncio.wait(self._relayed, timeout=max(0.0, deadline - asyncio.get_running_loop().time()))


class _Sent:
    """An ASGI `send` that remembers whether a response has begun."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False

    async def __call__(self, event: Message) -> None:
        self.begun = True
        await self._send(event)


async def _refuse(scope: Scope, receive: Receive, send: Send, reason: str, *, begun: bool = False) -> None:
    """Tell the client to come back; `begun`: its socket is accepted, or its answer has begun."""
    _failed.add(1)
    if scope["type"] == "http":
        if not begun:
            refusal = ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, reason, headers={"Retry-After": str(RETRY_AFTER_S)})
            answer = await on_problem(Request(scope), refusal)
            await answer(scope, receive, send)
        return
    code = RESTARTING if begun else OVERLOADED
    if not begun:
        await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": code, "reason": f"{reason}, try again soon"})
