"""The ASGI app of one worker: routes, WebSockets, and the service behind them."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp

from app.api.literal_paths import apart_from_ids
from app.api.problems import ProblemError, on_error, on_http_exception, on_problem, on_too_many
from app.api.request_target import PlainPath
from app.api.routes.documents import DocumentRoutes
from app.api.routes.metrics import MetricsRoutes
from app.assembly import Assembly
from app.auth.route_table import API, require_listed
from app.cluster.request_passing import FORWARD, answered
from app.configuration import usable_configuration
from app.configuration_warnings import warnings_of
from app.engines.built_in import absent_engines
from app.limits.clients import TooManyError
from app.middleware import middleware_of
from app.page.pages import page_routes
from app.routes import api_routes
from app.server.lifecycle import Lifecycle
from app.services import Services
from config.settings import Settings, misspelt_variables

log = logging.getLogger(__name__)


def create_app(settings: Settings, lifecycle: Lifecycle) -> ASGIApp:
    """Make the ASGI app of a worker. Call on the event loop on which it is to serve.

    Raises:
        SettingsError, AgentFileError and others of CONFIGURATION_ERRORS: the configuration cannot be used.
    """
    configuration = usable_configuration(settings)
    app = app_of(Services(settings, lifecycle, configuration.agents, configuration.tools))
    # Warnings come after all that may refuse the start, so that a refusal stands alone in the log.
    for line in (*absent_engines(configuration.engines), *warnings_of(settings), *misspelt_variables()):
        log.warning(line)
    return app


def app_of(services: Services) -> ASGIApp:
    """The routes of a worker that is put together from these services, with the configured telephone network.

    Raises:
        SettingsError: the telephone network cannot be used as it is configured.
        UnlistedRouteError: a route has no check.
    """
    return app_of_worker(Assembly(services))


def app_of_worker(worker: Assembly) -> ASGIApp:
    """The routes of a worker, which starts and stops with the app's lifespan.

    Raises:
        UnlistedRouteError: a route has no check.
    """
    settings = worker.services.settings
    served: list[BaseRoute] = [
        *page_routes(documented=settings.server.enable_docs),
        *DocumentRoutes(settings, lambda: served).routes(),
        *MetricsRoutes(settings.telemetry).routes(),
        Mount(API, routes=apart_from_ids(api_routes(worker))),
    ]
    require_listed(served)
    app = Starlette(
        routes=served,
        middleware=middleware_of(worker),
        exception_handlers={
            ProblemError: on_problem,
            TooManyError: on_too_many,
            HTTPException: on_http_exception,
            Exception: on_error,
        },
        lifespan=partial(_lifespan, worker),
    )
    app.router.redirect_slashes = False
    return PlainPath(app)


@asynccontextmanager
async def _lifespan(worker: Assembly, app: Starlette) -> AsyncIterator[None]:
    """Start the worker before the first request, and stop it after the last."""
    worker.cluster.on(FORWARD, partial(answered, app))
    await worker.start()
    try:
        yield
    finally:
        await worker.stop()
