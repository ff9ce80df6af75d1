"""Paths that are written out are not ids of another route."""

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient

from app.api.literal_paths import apart_from_ids


async def answer(_: Request) -> Response:
    return PlainTextResponse("literal")


async def of_id(request: Request) -> Response:
    return PlainTextResponse(request.path_params["call_id"])


async def talk(*_: Any) -> None: ...


ROUTES = [
    WebSocketRoute("/calls/{call_id}/listen", talk),
    Route("/calls/{call_id}", of_id),
    Route("/calls/{call_id}", of_id, methods=["DELETE"]),
    Route("/calls/{call_id}/hold", of_id, methods=["POST"]),
    Route("/calls/answer", answer, methods=["POST"]),
]


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("POST", "/calls/answer", 200, "literal"),
        ("GET", "/calls/answer", 405, ""),
        ("DELETE", "/calls/answer", 405, ""),
        ("GET", "/calls/answers", 200, "answers"),
        ("DELETE", "/calls/c1", 200, "c1"),
        ("POST", "/calls/answer/hold", 200, "answer"),
    ],
)
def test_an_id_is_what_no_other_route_is_called(method: str, path: str, status: int, text: str) -> None:
    app = Starlette(routes=[Mount("/api", routes=apart_from_ids(ROUTES))])
    answered = TestClient(app).request(method, f"/api{path}")
    assert answered.status_code == status
    if text:
        assert answered.text == text


def test_a_route_stays_what_it_was() -> None:
    routes = apart_from_ids(ROUTES)
    assert [getattr(route, "path", "") for route in routes] == [getattr(route, "path", "") for route in ROUTES]
    assert [getattr(route, "methods", None) for route in routes] == [
        getattr(route, "methods", None) for route in ROUTES
    ]
    assert [getattr(route, "endpoint", None) for route in routes] == [
        getattr(route, "endpoint", None) for route in ROUTES
    ]
