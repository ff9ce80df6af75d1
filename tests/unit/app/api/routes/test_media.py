"""Media sessions by REST: where the socket of a call is, for calls that are known here and for those to come."""

import asyncio
from typing import Any
from unittest.mock import Mock

import httpx
import pytest
from starlette.applications import Starlette

from app.api.problems import ProblemError, on_problem
from app.api.routes import media
from app.api.routes.media import MediaRoutes
from app.telephony.call_log import CallLog
from app.telephony.counts import TelephonyCounts
from config.settings import Settings
from tests.unit.app.telephony.call_kit import new_call


class Worker:
    """The routes of a worker that has the call `call-1`."""

    def __init__(self, *, unannounced: bool = True, **variables: str) -> None:
        self.call = new_call()
        board = Mock(log=CallLog(), counts=TelephonyCounts(unknown_events=3, ignored_messages=2, defective_messages=1))
        board.log.add(self.call)
        numbers = iter(range(100))
        random = Mock(token=lambda prefix: f"{prefix}{next(numbers)}")
        routes = MediaRoutes(
            Settings.read(variables), Mock(wall=lambda: 1_000.0), random, board, unannounced=unannounced
        ).routes()
        handlers: dict[Any, Any] = {ProblemError: on_problem}
        self._app = Starlette(routes=routes, exception_handlers=handlers)

    def ask(self, path: str, content: dict[str, Any] | None = None) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="https://here.example") as client:
                return await (client.get(path) if content is None else client.post(path, json=content))

        return asyncio.run(ask())

    def prepare(self, call_id: str, **fields: Any) -> httpx.Response:
        return self.ask("/media/sessions", {"call_connection_id": call_id, **fields})


def test_the_status_counts_calls_and_what_was_not_understood() -> None:
    status = Worker().ask("/media/status").json()
    counts = [status[name] for name in ("calls", "unknown_events", "ignored_messages", "defective_messages")]
    assert counts == [1, 3, 2, 1]


def test_of_a_call_that_is_known_it_is_the_calls_own_session_and_address() -> None:
    prepared = Worker(unannounced=False).prepare("call-1").json()
    assert prepared["session_id"] == "s"
    assert prepared["websocket_url"] == "wss://here.example/api/v1/media/stream/secret"


def test_of_a_call_to_come_the_address_names_the_call_and_its_session() -> None:
    prepared = Worker().prepare("call-9").json()
    assert prepared["session_id"] == "session_0"
    path = "/api/v1/media/stream?call_connection_id=call-9&session_id=session_0"
    assert prepared["websocket_url"] == f"wss://here.example{path}"


def test_the_address_begins_as_the_settings_say() -> None:
    prepared = Worker(BASE_URL="http://public.example").prepare("call-1").json()
    assert prepared["websocket_url"].startswith("ws://public.example/")


def test_where_only_known_calls_are_taken_none_is_prepared_for_others() -> None:
    assert Worker(unannounced=False).prepare("call-9").status_code == 404


def test_an_id_that_the_socket_would_refuse_is_refused_here() -> None:
    refused = Worker().prepare("../x")
    assert refused.status_code == 422
    assert "call_connection_id" in refused.text


def test_a_session_is_what_was_asked_for_and_as_far_as_its_call() -> None:
    worker = Worker()
    session_id = worker.prepare("call-1", sample_rate=24_000).json()["session_id"]
    statuses = []
    for happens in (None, "connected", "over"):
        if happens == "connected":
            worker.call.connection = Mock()
        if happens == "over":
            worker.call.over.set()
        session = worker.ask(f"/media/sessions/{session_id}").json()
        statuses.append(session["status"])
        assert session["configuration"]["sample_rate"] == 24_000
    assert statuses == ["created", "active", "ended"]


def test_a_session_that_nobody_prepared_is_not_there() -> None:
    assert Worker().ask("/media/sessions/nobody").status_code == 404


def test_of_sessions_that_are_prepared_the_oldest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "KEPT", 2)
    worker = Worker()
    ids = [worker.prepare(f"call-{number}").json()["session_id"] for number in range(5, 8)]
    assert [worker.ask(f"/media/sessions/{session_id}").status_code for session_id in ids] == [404, 200, 200]
