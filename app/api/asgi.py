"""The ASGI app of one worker: routes, WebSockets, and the service behind them."""

import logging
import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from opentelemetry.trace import SpanContext
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from app.agents.agent_changes import AgentChanges
from app.api.problems import ProblemError, on_error, on_http_exception, on_problem, on_too_many
from app.api.routes.agents import AgentRoutes
from app.api.routes.calls import CallRoutes
from app.api.routes.documents import DocumentRoutes
from app.api.routes.health import HealthRoutes
from app.api.routes.logs import LogRoutes
from app.api.routes.media import MediaRoutes
from app.api.routes.metrics import MetricsRoutes
from app.api.routes.sessions import SessionRoutes
from app.api.routes.tokens import TokenRoutes
from app.auth.checks import AccessPolicy
from app.auth.guard import AccessGuard
from app.auth.route_table import API, require_listed
from app.browser.conversation_socket import ConversationSocket
from app.browser.dashboard_socket import DashboardSocket
from app.carrier import carrier_of, carrier_routes
from app.cluster.call_forwarding import FORWARD, CallForwarding, answered
from app.cluster.cluster import Cluster
from app.configuration import usable_configuration, warnings_of
from app.console.overview import Overview
from app.console.routes import ConsoleRoutes
from app.console.summary import Summaries
from app.limits.clients import TooManyError
from app.page.pages import page_routes
from app.server.lifecycle import Lifecycle
from app.server.session_forwarding import SessionForwarding
from app.services import Services
from app.telemetry.requests import RequestSpans, is_tracing
from app.telephony.switchboard import Switchboard
from app.telephony.take_over import TakeOver
from config.settings import Settings, misspelt_variables

log = logging.getLogger(__name__)


def create_app(settings: Settings, lifecycle: Lifecycle) -> ASGIApp:
    """The app.

    Raises:
        SettingsError, AgentFileError and others of CONFIGURATION_ERRORS: the configuration cannot be used.
    """
    app = silent_app(settings, lifecycle)
    # After all that may refuse the start: whoever reads why it was refused reads nothing else.
    for line in (*warnings_of(settings), *misspelt_variables()):
        log.warning(line)
    return app


def silent_app(settings: Settings, lifecycle: Lifecycle) -> ASGIApp:
    """The same without a word about what is likely not meant.

    Raises:
        SettingsError, AgentFileError and others of CONFIGURATION_ERRORS: the configuration cannot be used.
    """
    configuration = usable_configuration(settings)
    return app_of(Services(settings, lifecycle, configuration.agents, configuration.tools))


def app_of(service: Services, switchboard: Switchboard | None = None) -> ASGIApp:
    """The routes of a service, which starts and stops with the app's lifespan. `switchboard`: by default one to the
    telephone network that is configured.

    Raises:
        SettingsError: the telephone network cannot be used as it is configured.
        UnlistedRouteError: a route has no check.
    """
    switchboard = switchboard or Switchboard(service, carrier_of(service.settings))
    cluster = Cluster(service, switchboard, TakeOver(service, switchboard))
    scrape = MetricsRoutes(service.settings.telemetry).routes()
    served: list[BaseRoute] = [
        *page_routes(documented=service.settings.server.enable_docs),
        *DocumentRoutes(service.settings, lambda: served).routes(),
        *scrape,
        Mount(API, routes=_routes(service, switchboard, cluster)),
    ]
    require_listed(served)
    app = Starlette(
        routes=served,
        middleware=_middleware(service, switchboard, cluster),
        exception_handlers={
            ProblemError: on_problem,
            TooManyError: on_too_many,
            HTTPException: on_http_exception,
            Exception: on_error,
        },
        lifespan=partial(_lifespan, service, switchboard, cluster),
    )
    app.router.redirect_slashes = False
    return EitherSlash(app)


def _routes(service: Services, switchboard: Switchboard, cluster: Cluster) -> list[BaseRoute]:
    """The routes below the API's prefix, and its WebSockets."""
    relay = DashboardSocket(service)
    summaries = Summaries(
        lifecycle=service.lifecycle,
        engines=lambda: service.engines,
        sessions=lambda: service.sessions.live,
        starts_sessions=lambda: service.can_start_sessions,
        lag_ms=lambda: service.watchdog.lag.recent_ms,
        max_sessions=service.settings.limits.max_concurrent_sessions,
    )
    overview = Overview(
        summaries.present,
        service.lifecycle.worker_bus,
        time.time,
        # The worker drains as at any other order to end, and the launcher starts another in its place.
        drain=partial(signal.raise_signal, signal.SIGTERM),
    )
    conversation = ConversationSocket(service)
    tokens = TokenRoutes(service.browser_access, service.agents, service.default_agent, service.random)
    changes = AgentChanges(service.agents, service.replace_agent, service.lifecycle.worker_bus)
    agents = AgentRoutes(service.agents, service.default_agent, changes, service.voices)
    return [
        *HealthRoutes(service, switchboard.network, cluster).routes(),
        *LogRoutes(service.settings.logs, service.lifecycle.worker_bus).routes(),
        *ConsoleRoutes(
            overview, service.timelines, service.known_sessions, content=service.settings.logs.content
        ).routes(),
        *SessionRoutes(service, relay).routes(),
        *agents.routes(),
        *tokens.routes(),
        *carrier_routes(service, switchboard),
        *CallRoutes(service, switchboard, cluster).routes(),
        *MediaRoutes(service, switchboard).routes(),
        WebSocketRoute("/realtime/conversation", conversation),
        WebSocketRoute("/browser/conversation", conversation),
        WebSocketRoute("/realtime/dashboard/relay", relay),
        WebSocketRoute("/browser/dashboard/relay", relay),
    ]


def _middleware(service: Services, switchboard: Switchboard, cluster: Cluster) -> list[Middleware]:
    """What stands before the routes: telemetry, then who may come in, then the worker that a session belongs to."""
    policy = AccessPolicy(
        settings=service.settings,
        exposure=service.exposure,
        browser_access=service.browser_access,
        acs_access=service.acs_access,
        clients=service.clients,
        sessions=service.known_sessions,
    )
    middleware = [Middleware(AccessGuard, policy=policy)]
    if is_tracing():
        middleware.insert(0, Middleware(RequestSpans, session_of=partial(_session_span, service, switchboard)))
    lifecycle = service.lifecycle
    if lifecycle.relay_directory is not None:
        worker_bus = lifecycle.worker_bus
        service.on_session_opened(worker_bus.session_opened)
        service.on_session_over(lambda session_id: worker_bus.session_left(session_id, begun=True))
        forwarding = Middleware(
            SessionForwarding,
            lifecycle=lifecycle,
            sessions=service.known_sessions,
            shown=service.outputs,
            directory=lifecycle.relay_directory,
        )
        middleware.append(forwarding)
    return [*middleware, Middleware(CallForwarding, cluster=cluster)]


def _session_span(service: Services, switchboard: Switchboard, path_params: Mapping[str, Any]) -> SpanContext | None:
    """The span of the live session that a request is about, or of the session of its call."""
    call = switchboard.log.of_secret(path_params.get("call_secret", ""))
    call = call or switchboard.log.of_id(path_params.get("call_id", ""))
    entry = service.sessions.live.get(call.session_id if call else path_params.get("session_id", ""))
    return entry.session.trace.session_context if entry is not None and entry.session is not None else None


@asynccontextmanager
async def _lifespan(
    service: Services, switchboard: Switchboard, cluster: Cluster, app: Starlette
) -> AsyncIterator[None]:
    """Start the service before the first request, and stop it after the last."""
    app.state.service = service
    await service.start()
    switchboard.start()
    cluster.on(FORWARD, partial(answered, app))
    cluster.start()
    try:
        yield
    finally:
        await cluster.stop()
        await switchboard.close()
        await service.stop()


class EitherSlash:
    """Every path answers with and without its trailing slash, never with a redirect."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its path's trailing slashes removed."""
        if scope["type"] in ("http", "websocket") and len(scope["path"]) > 1 and scope["path"].endswith("/"):
            scope = {**scope, "path": scope["path"].rstrip("/"), "raw_path": scope.get("raw_path", b"").rstrip(b"/")}
        await self._app(scope, receive, send)
