"""The dashboard's WebSocket: it shows every envelope of one session, and takes nothing but keep-alive messages."""

import asyncio
from urllib.parse import parse_qs

from starlette.types import Receive, Scope, Send

from actors.ports.clock import Clock
from actors.session.sessions_keeper import SessionsKeeper
from app.agents.roster import AgentRoster
from app.auth.guard import admitted
from app.auth.socket_auth import SocketRefusedError, close_message
from app.browser.connection import Connection
from app.browser.session_outputs import SessionOutputs
from app.browser.wire_output import BrowserWords
from app.limits.client_limits import Hold
from app.limits.clients import Clients, TooManyError
from app.server.lifecycle import Lifecycle
from app.server.sockets.fast_path import fast_path_of
from app.server.sockets.message_rate import MessageRate
from app.server.sockets.socket_reader import SocketReader
from app.server.sockets.socket_writer import OVERLOADED, REFUSED, SocketWriter
from config.groups.limits import Limits

MAX_OF_A_SESSION = 10
"""The most dashboards that show one session."""


class DashboardSocket:
    """ASGI endpoint of `/api/v1/realtime/dashboard/relay`."""

    def __init__(
        self,
        *,
        limits: Limits,
        lifecycle: Lifecycle,
        clock: Clock,
        clients: Clients,
        sessions: SessionsKeeper,
        outputs: SessionOutputs,
        agents: AgentRoster,
    ) -> None:
        self._limits = limits
        self._lifecycle = lifecycle
        self._clock = clock
        self._clients = clients
        self._sessions = sessions
        self._outputs = outputs
        self._agents = agents
        self.open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one dashboard from its handshake until either side closes."""
        await receive()
        fast_path = fast_path_of(scope)
        await send({"type": "websocket.accept"})
        client = self._clients.of(scope, admitted(scope).subject)
        try:
            session_id = shown_session(scope)
            self._clients.require_room(client, Hold.RELAYS)
            self._require_room(session_id)
        except (SocketRefusedError, TooManyError) as refused:
            await send(close_message(refused))
            return
        entry = self._sessions.live.get(session_id)
        label = entry.plan.agent.label if entry else self._agents.default.label
        words = BrowserWords(session_id, label, self._clock)
        writer = SocketWriter(send, fast_path)
        dashboard = Connection(writer, words, self._lifecycle)
        self._outputs.of(session_id).dashboards.add(dashboard)
        self.open += 1
        self._clients.relay_began(client)
        try:
            rate = MessageRate(self._limits.client_messages_per_s, asyncio.get_running_loop().time)
            await SocketReader(writer, lambda _: None, rate=rate).run(receive, fast_path)
        finally:
            self.open -= 1
            self._clients.relay_over(client)
            # Looked up anew: a session that has moved to another worker meanwhile has another output than at first.
            self._outputs.of(session_id).dashboards.discard(dashboard)
            dashboard.abandon()
            self._outputs.forget_unused(session_id)

    def _require_room(self, session_id: str) -> None:
        """Check that the server and the session may have one more dashboard.

        Raises:
            SocketRefusedError: one of them may not.
        """
        output = self._outputs.get(session_id)
        if self.open >= self._limits.max_relays:
            raise SocketRefusedError(OVERLOADED, "too many dashboards are open, try again soon")
        if output is not None and len(output.dashboards) >= MAX_OF_A_SESSION:
            raise SocketRefusedError(OVERLOADED, "too many dashboards show this session, try again soon")


def shown_session(scope: Scope) -> str:
    """Return the id of the session that a dashboard shows: the one in the query, else the token's.

    Raises:
        SocketRefusedError: neither names one.
    """
    query = {key: values[-1] for key, values in parse_qs(scope["query_string"].decode("latin-1")).items()}
    grant = admitted(scope).grant
    session_id = query.get("session_id", "") or (grant.session_id if grant else "")
    if not session_id:
        raise SocketRefusedError(REFUSED, "session_id: missing")
    return session_id
