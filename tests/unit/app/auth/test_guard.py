"""The guard before the routes: it finds the route that is going to answer, and lets nobody in unlooked at."""

import logging
from typing import Any
from unittest.mock import Mock

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from app.auth.guard import NOTED_EVERY_S, AccessGuard, Matched, admitted, matched_route


async def endpoint(request: Request) -> Response:
    return PlainTextResponse("here")


async def socket(websocket: Any) -> None:
    return


ROUTES: list[BaseRoute] = [
    Route("/", endpoint),
    Mount(
        "/api",
        routes=[
            Route("/calls/{call_id}", endpoint, methods=["GET", "DELETE"]),
            Mount("/nested", routes=[WebSocketRoute("/listen/{session_id}", socket)]),
        ],
    ),
]


def scope(path: str, method: str = "GET", kind: str = "http") -> dict[str, Any]:
    return {"type": kind, "path": path, "method": method, "headers": [], "root_path": "", "query_string": b""}


def test_the_route_is_known_by_its_template_wherever_it_is_mounted() -> None:
    assert matched_route(ROUTES, scope("/")) == Matched("GET", "/", {})
    found = matched_route(ROUTES, scope("/api/calls/7", "DELETE"))
    assert found == Matched("DELETE", "/api/calls/{call_id}", {"call_id": "7"})
    listened = matched_route(ROUTES, scope("/api/nested/listen/s1", kind="websocket"))
    assert listened is not None
    assert (listened.method, listened.path) == ("WEBSOCKET", "/api/nested/listen/{session_id}")


@pytest.mark.parametrize(("path", "method"), [("/nowhere", "GET"), ("/api/calls/7", "POST"), ("/api", "GET")])
def test_what_the_router_refuses_itself_has_no_route(path: str, method: str) -> None:
    assert matched_route(ROUTES, scope(path, method)) is None


def test_a_route_without_the_guard_before_it_knows_of_nobody() -> None:
    with pytest.raises(LookupError, match="has not passed AccessGuard"):
        admitted({"type": "http"})


class Served:
    """A guard before `ROUTES`, none of which is in the table of routes, and what it answered."""

    def __init__(self, *, serves_host: bool = True) -> None:
        policy = Mock()
        policy.exposure.serves_host.return_value = serves_host
        self.reached: list[str] = []
        self.sent: list[Any] = []
        self.guard = AccessGuard(self._app, policy)

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        self.reached.append(scope["type"])

    async def ask(self, asked: dict[str, Any]) -> None:
        async def receive() -> Any:
            return {"type": "websocket.connect" if asked["type"] == "websocket" else "http.request"}

        async def send(event: Any) -> None:
            self.sent.append(event)

        app = Mock(routes=ROUTES)
        await self.guard({**asked, "app": app, "extensions": {"websocket.http.response": {}}}, receive, send)


async def test_a_route_that_nobody_has_decided_about_answers_nobody(caplog: pytest.LogCaptureFixture) -> None:
    served = Served()
    with caplog.at_level(logging.ERROR):
        await served.ask(scope("/api/calls/7"))
    assert served.reached == []
    assert served.sent[0]["status"] == 403
    assert "a route without a row in the table" in caplog.text


async def test_a_path_without_a_route_is_answered_by_the_router_and_a_socket_there_with_404() -> None:
    served = Served()
    await served.ask(scope("/nowhere"))
    assert served.reached == ["http"]
    await served.ask(scope("/nowhere", kind="websocket"))
    assert served.reached == ["http"]
    assert served.sent[0]["status"] == 404


async def test_a_name_that_is_not_ours_is_answered_nothing() -> None:
    served = Served(serves_host=False)
    await served.ask(scope("/nowhere"))
    assert served.reached == []
    assert served.sent[0]["status"] == 403


async def test_what_is_no_request_goes_through() -> None:
    served = Served(serves_host=False)
    await served.ask({"type": "lifespan"})
    assert served.reached == ["lifespan"]


def test_a_reason_is_logged_once_a_minute(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000.0]
    monkeypatch.setattr("app.auth.guard.time", Mock(monotonic=lambda: now[0]))
    guard = Served().guard
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            guard._note_refusal("token expired")
        assert len(caplog.records) == 1
        guard._note_refusal("token for another session")
        assert len(caplog.records) == 2
        now[0] += NOTED_EVERY_S
        guard._note_refusal("token expired")
        assert len(caplog.records) == 3
