"""Dashboards of this worker show sessions of whichever worker has them, on this machine or another one.

While a dashboard is open, all other workers are asked to tell what its session shows (`session_feeds.py`). None of
them has to be found: the one that has the session tells, and so does the next one when the session moves.
"""

import asyncio
import logging
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager, suppress

import msgspec
from starlette.types import ASGIApp, Receive, Scope, Send

from actors.errors import StoreError
from actors.ports.clock import Clock
from actors.runtime.background_tasks import BackgroundTasks
from actors.session.sessions import SessionEntry
from app.agents.roster import AgentRoster
from app.auth.socket_auth import SocketRefusedError
from app.browser.connection import Connection
from app.browser.dashboard_socket import shown_session
from app.browser.session_outputs import SessionOutputs
from app.cluster.cluster import Cluster
from app.cluster.session_feeds import FOLLOW, SHOWN, Follow, SessionFeeds, Shown
from app.server.lifecycle import Lifecycle

log = logging.getLogger(__name__)

AGAIN_S = 2.0
"""Seconds after which the other workers are asked again, since one that has started meanwhile knows of no dashboard."""

_RELAY = re.compile(r"/api/v1/(?:realtime|browser)/dashboard/relay")
_shown = msgspec.msgpack.Decoder(list[Shown])


class FollowedSessions:
    """The sessions of which this worker has dashboards. Belongs to the loop's thread.

    Args:
        cluster: the other workers. It is not to have started yet.
        outputs: the dashboards of this worker, by the sessions that they show.
        background: runs what asks the others again.
    """

    def __init__(self, cluster: Cluster, outputs: SessionOutputs, background: BackgroundTasks) -> None:
        self._cluster = cluster
        self._outputs = outputs
        self._background = background
        self._dashboards: Counter[str] = Counter()
        self._is_asking = False
        cluster.on_notice(SHOWN, self._show)

    @asynccontextmanager
    async def followed(self, session_id: str) -> AsyncIterator[None]:
        """Have the dashboards here see a session, wherever it is, until the block ends."""
        self._dashboards[session_id] += 1
        try:
            if self._dashboards[session_id] == 1:
                await self._ask([session_id])
            if not self._is_asking:
                self._is_asking = self._background.run(self._ask_again(), what="asking for what a dashboard shows")
            yield
        finally:
            self._dashboards[session_id] -= 1
            if not self._dashboards[session_id]:
                del self._dashboards[session_id]

    async def _ask_again(self) -> None:
        try:
            while self._dashboards and self._cluster.is_running:
                await asyncio.sleep(AGAIN_S)
                await self._ask(list(self._dashboards))
        finally:
            self._is_asking = False

    async def _ask(self, session_ids: list[str]) -> None:
        if not session_ids or not self._cluster.is_running:
            return
        try:
            await self._cluster.gather(FOLLOW, msgspec.msgpack.encode(Follow(self._cluster.worker, session_ids)))
        except StoreError as error:
            # What is shown of sessions of this worker is shown all the same.
            log.debug("dashboards do not show sessions of other workers: %s", error)

    def _show(self, payload: bytes) -> None:
        for shown in _shown.decode(payload):
            output = self._outputs.get(shown.session_id)
            # A worker that has lost a session may say its last of it when the session has come here.
            is_elsewhere = output is not None and output.connection is None
            for dashboard in tuple(output.dashboards) if output is not None and is_elsewhere else ():
                if isinstance(dashboard, Connection):
                    for message in shown.messages:
                        dashboard.text(message)
                    if shown.code:
                        dashboard.close(shown.code, shown.reason)


def followed_sessions(
    cluster: Cluster,
    outputs: SessionOutputs,
    live: Mapping[str, SessionEntry],
    agents: AgentRoster,
    lifecycle: Lifecycle,
    clock: Clock,
) -> FollowedSessions:
    """What dashboards of this worker show of others; the others are told from now on what is shown here."""
    background = BackgroundTasks()
    SessionFeeds(cluster, outputs, live, agents, lifecycle, clock, background)
    return FollowedSessions(cluster, outputs, background)


class DashboardForwarding:
    """ASGI middleware that has dashboards see sessions of other workers. It stands behind `AccessGuard`."""

    def __init__(self, app: ASGIApp, cluster: Cluster, sessions: FollowedSessions) -> None:
        self._app = app
        self._cluster = cluster
        self._sessions = sessions

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer here, with what is shown elsewhere."""
        session_id = ""
        if self._cluster.is_running and scope["type"] == "websocket" and _RELAY.fullmatch(scope["path"]):
            # One that is refused is told so by the socket itself.
            with suppress(SocketRefusedError):
                session_id = shown_session(scope)
        return self._followed(session_id, scope, receive, send) if session_id else self._app(scope, receive, send)

    async def _followed(self, session_id: str, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._sessions.followed(session_id):
            await self._app(scope, receive, send)
