"""What each request passes before its route: telemetry, access, and the worker or process that a session belongs to."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from opentelemetry.trace import SpanContext
from starlette.middleware import Middleware

from app.assembly import Assembly
from app.auth.checks import AccessPolicy
from app.auth.guard import AccessGuard
from app.cluster.call_forwarding import CallForwarding
from app.cluster.dashboards import DashboardForwarding
from app.cluster.session_requests import SessionRequests
from app.server.session_forwarding import SessionForwarding
from app.services import Services
from app.telemetry.requests import RequestSpans, is_tracing
from app.telephony.switchboard import Switchboard


def middleware_of(worker: Assembly) -> list[Middleware]:
    """What stands before the routes: telemetry, then who may come in, then the worker that a session belongs to."""
    services = worker.services
    policy = AccessPolicy(
        settings=services.settings,
        exposure=services.exposure,
        browser_access=services.browser_access,
        acs_access=services.acs_access,
        clients=services.clients,
        sessions=services.known_sessions,
    )
    middleware = [Middleware(AccessGuard, policy=policy)]
    if is_tracing():
        middleware.insert(0, Middleware(RequestSpans, session_of=partial(_session_span, services, worker.switchboard)))
    lifecycle, worker_bus = services.lifecycle, services.lifecycle.worker_bus
    services.session_events.opened.add(worker_bus.session_opened)
    services.session_events.over.add(lambda session_id: worker_bus.session_left(session_id, begun=True))
    # A client that comes back to a session that has moved, since this worker ends, is not to be sent here again.
    services.session_events.moved.add(lambda session_id: worker_bus.session_left(session_id, begun=False))
    if lifecycle.relay_directory is not None:
        forwarding = Middleware(
            SessionForwarding,
            lifecycle=lifecycle,
            sessions=services.known_sessions,
            shown=services.outputs,
            directory=lifecycle.relay_directory,
        )
        middleware.append(forwarding)
    return [
        *middleware,
        Middleware(SessionRequests, cluster=worker.cluster, sessions=services.known_sessions, keeps=worker.keeps),
        Middleware(DashboardForwarding, cluster=worker.cluster, sessions=worker.followed_sessions),
        Middleware(CallForwarding, cluster=worker.cluster),
    ]


def _session_span(services: Services, switchboard: Switchboard, path_params: Mapping[str, Any]) -> SpanContext | None:
    """The span of the live session that a request is about, or of the session of its call."""
    call = switchboard.log.of_secret(path_params.get("call_secret", ""))
    call = call or switchboard.log.of_id(path_params.get("call_id", ""))
    entry = services.sessions.live.get(call.session_id if call else path_params.get("session_id", ""))
    return entry.session.trace.session_context if entry is not None and entry.session is not None else None
