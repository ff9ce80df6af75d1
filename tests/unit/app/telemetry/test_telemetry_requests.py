"""Requests as spans: which, named how, in whose trace, and what is not in them."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext, SpanKind, StatusCode, TraceFlags
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Message
from starlette.websockets import WebSocket

from actors.runtime.session_trace import current_traceparent
from app.telemetry.requests import RequestSpans, is_tracing
from tests.kit.spans import recorded_spans

ASKED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SESSION = SpanContext(trace_id=1, span_id=2, is_remote=False, trace_flags=TraceFlags(1))

seen: list[str] = []


async def answer(request: Request) -> Response:
    seen.append(current_traceparent())
    if request.path_params.get("session_id") == "breaks":
        raise ValueError("my secret is forty two")
    return Response(status_code=503 if request.path_params.get("session_id") == "fails" else 200)


async def socket(connection: WebSocket) -> None:
    seen.append(current_traceparent())
    await connection.close()


def session_of(path_params: Mapping[str, Any]) -> SpanContext | None:
    return SESSION if path_params.get("session_id") == "live" else None


@pytest.fixture(name="spans")
def fixture_spans() -> Iterator[InMemorySpanExporter]:
    seen.clear()
    with recorded_spans("app.telemetry.requests") as spans:
        yield spans


def ask(path: str, *, kind: str = "http", traceparent: str = "") -> None:
    """Have the app answer one request."""
    app = Starlette(
        routes=[
            Route("/sessions/{session_id}", answer),
            Route("/metrics", answer),
            WebSocketRoute("/conversation", socket),
        ],
        middleware=[Middleware(RequestSpans, session_of=session_of)],
    )
    scope = {
        "type": kind, "method": "GET", "path": path, "raw_path": path.encode(), "root_path": "", "scheme": "http",
        "query_string": b"", "headers": [(b"traceparent", traceparent.encode())] if traceparent else [],
        "app": app,
    }  # fmt: skip

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        return

    asyncio.run(app(scope, receive, send))


def test_a_request_is_a_span_with_its_route_that_links_its_session(spans: InMemorySpanExporter) -> None:
    ask("/sessions/live", traceparent=ASKED)
    (span,) = spans.get_finished_spans()
    assert span.name == "GET /sessions/{session_id}"
    assert span.kind is SpanKind.SERVER
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == ASKED.split("-")[2]
    assert [link.context for link in span.links] == [SESSION]
    assert dict(span.attributes or {}) == {
        "http.request.method": "GET",
        "http.route": "/sessions/{session_id}",
        "url.scheme": "http",
        "url.path": "/sessions/{session_id}",
        "http.response.status_code": 200,
    }
    assert seen[0].split("-")[1] == ASKED.split("-")[1]
    assert seen[0].split("-")[2] != ASKED.split("-")[2]


def test_an_answer_that_is_our_fault_is_marked_without_its_words(spans: InMemorySpanExporter) -> None:
    ask("/sessions/fails")
    with pytest.raises(ValueError, match="forty two"):
        ask("/sessions/breaks")
    failed, broken = spans.get_finished_spans()
    assert failed.status.status_code is StatusCode.ERROR
    assert failed.links == ()
    assert failed.parent is None
    assert "forty two" not in broken.to_json()


def test_scrapes_and_unknown_paths_are_no_spans_and_a_socket_only_goes_on_with_its_trace(
    spans: InMemorySpanExporter,
) -> None:
    ask("/metrics")
    ask("/nowhere")
    ask("/conversation", kind="websocket", traceparent=ASKED)
    assert spans.get_finished_spans() == ()
    assert seen == ["", ASKED]


def test_without_a_provider_nothing_is_traced() -> None:
    assert not is_tracing()
