"""The ASGI app of one worker: routes, WebSockets, and the service behind them."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.agent_routes import AgentRoutes
from app.api.call_routes import CallRoutes
from app.api.health_routes import HealthRoutes
from app.api.media_routes import MediaRoutes
from app.api.problems import ProblemError, on_error, on_http_exception, on_problem, on_too_many
from app.api.session_routes import SessionRoutes
from app.api.token_routes import TokenRoutes
from app.auth.guard import AccessGuard
from app.auth.route_table import API, require_listed
from app.browser.conversation_socket import ConversationSocket
from app.browser.dashboard_socket import DashboardSocket
from app.carrier import carrier_of, carrier_routes
from app.configuration import usable_configuration, warnings_of
from app.limits.clients import TooManyError
from app.page.pages import page_routes
from app.server.lifecycle import Lifecycle
from app.server.session_forwarding import SessionForwarding
from app.services import Services
from app.telephony.switchboard import Switchboard
from app.telephony.take_over import TakeOver
from config.settings import Settings, misspelt_variables

log = logging.getLogger(__name__)


def create_app(settings: Settings, lifecycle: Lifecycle) -> ASGIApp:
    """The app.

    Raises:
        SettingsError, AgentFileError and others of CONFIGURATION_ERRORS: the configuration cannot be used.
    """
    configuration = usable_configuration(settings)
    app = app_of(Services(settings, lifecycle, configuration.agents, configuration.tools))
    # After all that may refuse the start: whoever reads why it was refused reads nothing else.
    for line in (*warnings_of(settings), *misspelt_variables()):
        log.warning(line)
    return app


def app_of(service: Services, switchboard: Switchboard | None = None) -> ASGIApp:
    """The routes of a service, which starts and stops with the app's lifespan. `switchboard`: by default one to the
    telephone network that is configured.

    Raises:
        SettingsError: the telephone network cannot be used as it is configured.
        UnlistedRouteError: a route has no check.
    """
    switchboard = switchboard or Switchboard(service, carrier_of(service.settings))
    TakeOver(service, switchboard)
    relay = DashboardSocket(service)
    conversation = ConversationSocket(service)
    routes: list[BaseRoute] = [
        *HealthRoutes(service, switchboard.network).routes(),
        *SessionRoutes(service, relay).routes(),
        *AgentRoutes(service).routes(),
        *TokenRoutes(service).routes(),
        *carrier_routes(service, switchboard),
        *CallRoutes(service, switchboard).routes(),
        *MediaRoutes(service, switchboard).routes(),
        WebSocketRoute("/realtime/conversation", conversation),
        WebSocketRoute("/browser/conversation", conversation),
        WebSocketRoute("/realtime/dashboard/relay", relay),
        WebSocketRoute("/browser/dashboard/relay", relay),
    ]

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.service = service
        await service.start()
        switchboard.start()
        try:
            yield
        finally:
            await switchboard.close()
            await service.stop()

    served: list[BaseRoute] = [*page_routes(), Mount(API, routes=routes)]
    require_listed(served)
    middleware = [Middleware(AccessGuard, service=service)]
    if (directory := service.lifecycle.relay_directory) is not None:
        middleware.append(Middleware(SessionForwarding, service=service, directory=directory))
    app = Starlette(
        routes=served,
        middleware=middleware,
        exception_handlers={
            ProblemError: on_problem,
            TooManyError: on_too_many,
            HTTPException: on_http_exception,
            Exception: on_error,
        },
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return EitherSlash(app)


class EitherSlash:
    """Every path answers with and without its trailing slash, never with a redirect."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its path's trailing slashes removed."""
        if scope["type"] in ("http", "websocket") and len(scope["path"]) > 1 and scope["path"].endswith("/"):
            scope = {**scope, "path": scope["path"].rstrip("/"), "raw_path": scope.get("raw_path", b"").rstrip(b"/")}
        await self._app(scope, receive, send)
