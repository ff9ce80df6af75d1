"""The ASGI app of one worker: routes, WebSockets, and the service behind them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from app.agents import load_agents
from app.conversation_socket import ConversationSocket
from app.health_routes import HealthRoutes
from app.lifecycle import Lifecycle
from app.problems import ProblemError, on_error, on_http_exception, on_problem
from app.relay_socket import RelaySocket
from app.service import Service, require_default_agent
from app.session_routes import SessionRoutes
from app.tools import load_tools
from config.settings import Settings

API = "/api/v1"


def create_app(settings: Settings, lifecycle: Lifecycle) -> ASGIApp:
    """The app.

    Raises:
        SettingsError, AgentFileError: the configuration cannot be used.
    """
    tools = load_tools()
    agents = load_agents(settings.agents_directory, tools)
    require_default_agent(settings, agents)
    return app_of(Service(settings, lifecycle, agents, tools))


def app_of(service: Service) -> ASGIApp:
    """The routes of a service, which starts and stops with the app's lifespan."""
    relay = RelaySocket(service)
    conversation = ConversationSocket(service)
    routes: list[BaseRoute] = [
        *HealthRoutes(service).routes(),
        *SessionRoutes(service, relay).routes(),
        WebSocketRoute("/realtime/conversation", conversation),
        WebSocketRoute("/browser/conversation", conversation),
        WebSocketRoute("/realtime/dashboard/relay", relay),
        WebSocketRoute("/browser/dashboard/relay", relay),
    ]

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.service = service
        await service.start()
        try:
            yield
        finally:
            await service.stop()

    app = Starlette(
        routes=[Route("/", about), Mount(API, routes=routes)],
        exception_handlers={ProblemError: on_problem, HTTPException: on_http_exception, Exception: on_error},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return EitherSlash(app)


async def about(_: Request) -> Response:
    """What answers here, for whoever opens the printed address."""
    return PlainTextResponse(
        "Earshot is listening.\n\n"
        f"Talk to it over a WebSocket: {API}/realtime/conversation\n"
        f"See how it is: {API}/health/actors\n"
    )


class EitherSlash:
    """Every path answers with and without its trailing slash, never with a redirect."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take the slash off."""
        if scope["type"] in ("http", "websocket") and len(scope["path"]) > 1 and scope["path"].endswith("/"):
            scope = {**scope, "path": scope["path"].rstrip("/"), "raw_path": scope.get("raw_path", b"").rstrip(b"/")}
        await self._app(scope, receive, send)
