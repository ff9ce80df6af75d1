"""The dashboard's WebSocket: sees every envelope of one session; what it sends is keep-alive."""

from urllib.parse import parse_qs

from starlette.types import Receive, Scope, Send

from app.browser_output import BrowserWords
from app.connection import REFUSED, Connection
from app.service import Service


class RelaySocket:
    """ASGI endpoint of `/api/v1/realtime/dashboard/relay`."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One dashboard."""
        await receive()
        await send({"type": "websocket.accept"})
        query = parse_qs(scope["query_string"].decode("latin-1"))
        session_id = (query.get("session_id") or [""])[-1]
        if not session_id:
            await send({"type": "websocket.close", "code": REFUSED, "reason": "session_id: missing"})
            return
        service = self._service
        entry = service.sessions.live.get(session_id)
        label = entry.plan.agent.label if entry else service.agents[service.default_agent].label
        words = BrowserWords(session_id, label, service.clock)
        dashboard = Connection(send, words, service.lifecycle)
        observers = service.observers_of(session_id)
        observers.dashboards.add(dashboard)
        self.open += 1
        try:
            while (await receive())["type"] != "websocket.disconnect":
                pass
        finally:
            self.open -= 1
            observers.dashboards.discard(dashboard)
            dashboard.abandon()
            service.forget_observers(session_id)
