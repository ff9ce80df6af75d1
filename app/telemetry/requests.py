"""Traces requests: each is a span that continues the trace of its client."""

from collections.abc import Callable, Mapping
from typing import Any

from opentelemetry import context, propagate, trace
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.auth.guard import matched_route
from app.auth.route_table import API

_tracer = trace.get_tracer("earshot")

ASKED_OFTEN = ("/metrics", f"{API}/health", f"{API}/health/live", f"{API}/health/readiness", f"{API}/readiness")
"""Paths that load balancers and Prometheus request every few seconds; these requests are not traced."""

SessionOf = Callable[[Mapping[str, Any]], trace.SpanContext | None]


def is_tracing() -> bool:
    """Whether a tracer provider is installed; the one that OpenTelemetry's API brings records nothing."""
    return not type(trace.get_tracer_provider()).__module__.startswith("opentelemetry.trace")


class RequestSpans:
    """ASGI middleware. A request over HTTP is a span with the template of its route, never its path with ids in it.

    A WebSocket, which may last for an hour, is none: the session that it opens goes on with the trace of its handshake.

    Args:
        app: what answers.
        session_of: the session that a request is about, by the parameters of its path; its span is linked.
    """

    def __init__(self, app: ASGIApp, session_of: SessionOf) -> None:
        self._app = app
        self._session_of = session_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, inside the trace that the headers name."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        asked = propagate.extract(Headers(scope=scope), context.Context())
        matched = matched_route(scope["app"].routes, scope) if scope["type"] == "http" else None
        if matched is None or matched.path in ASKED_OFTEN or matched.path.startswith("/static/"):
            token = context.attach(asked)
            try:
                await self._app(scope, receive, send)
            finally:
                context.detach(token)
            return
        session = self._session_of(matched.path_params)
        with _tracer.start_as_current_span(
            f"{matched.method} {matched.path}",
            context=asked,
            kind=trace.SpanKind.SERVER,
            attributes={
                "http.request.method": matched.method,
                "http.route": matched.path,
                "url.scheme": scope["scheme"],
                "url.path": matched.path,
            },
            links=[] if session is None else [trace.Link(session)],
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            await self._app(scope, receive, _answered(send, span))


def _answered(send: Send, span: trace.Span) -> Send:
    async def noted(message: Message) -> None:
        if message["type"] == "http.response.start":
            status = int(message["status"])
            span.set_attribute("http.response.status_code", status)
            if status >= 500:
                span.set_attribute("error.type", str(status))
                span.set_status(trace.StatusCode.ERROR)
        await send(message)

    return noted
