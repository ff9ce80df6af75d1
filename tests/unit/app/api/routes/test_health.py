"""What operators are told of a worker's health, and what they may order of an actor."""

import asyncio
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock, Mock

import httpx
import msgspec
import pytest
from starlette.applications import Starlette

from actors.errors import ErrorKind, StoreError
from actors.messages.lifecycle import RestartChild
from actors.runtime.actor_state import ActorState
from actors.runtime.watchdog import Lag
from actors.session.checkpoint import Checkpoint
from app.api.problems import ProblemError, on_problem
from app.api.routes.health import ACTORS, HealthRoutes
from tests.kit.session_kit import AGENT


def actor(name: str) -> ActorState:
    return ActorState(
        name=name,
        actor_class="Actor",
        state="running",
        mailbox_urgent=0,
        mailbox=0,
        dropped=0,
        handled=1,
        restarts=0,
        last_error="",
        last_message_age_s=None,
    )


class Worker:
    """A worker with the live session `s`, whose supervisor has one child, on a machine with others."""

    def __init__(self, *, ready: str = "ready") -> None:
        self.supervisor = Mock()
        seen = SimpleNamespace(at=40.0, sender="", receiver="recognizer", type="SpeechStarted")
        session = Mock(stage=SimpleNamespace(value="connected"))
        session.tree.return_value = [actor("supervisor"), actor("recognizer")]
        session.recent_of_tree.return_value = [seen]
        entry = SimpleNamespace(
            plan=SimpleNamespace(session_id="s", mode="media", agent=AGENT),
            session=session,
            checkpoint=Checkpoint(started_at=30.0),
            rebuilt=0,
            tracks=SimpleNamespace(kept_bytes=640),
            addresses=SimpleNamespace(supervisor=self.supervisor),
        )
        sessions = Mock(live={"s": entry}, ended=4, started=5)
        sessions.state.return_value = actor("sessions")
        self.cluster = Mock(gather=AsyncMock(return_value=([], 0)))
        report = msgspec.defstruct("Report", [("status", str)])(ready)
        routes = HealthRoutes(
            lifecycle=Mock(phase=SimpleNamespace(value="serving")),
            clock=Mock(now=lambda: 50.0, wall=lambda: 1_050.0),
            watchdog=Mock(lag=Lag(last_ms=0.0, recent_ms=0.0, p50_ms=0.0, p99_ms=0.0, max_ms=0.0, stalls=0)),
            engines=Mock(recognizer=None, synthesizer=None, model=None, transcriber=None),
            sessions=sessions,
            capacity=Mock(most=10, left=9),
            agents=["b", "a"],
            readiness=Mock(report=AsyncMock(return_value=report)),
            cluster=self.cluster,
        ).routes()
        handlers: dict[Any, Any] = {ProblemError: on_problem}
        self._app = Starlette(routes=routes, exception_handlers=handlers)

    def ask(self, path: str, method: str = "GET") -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
                return await client.request(method, path)

        return asyncio.run(ask())


def test_health_counts_the_sessions_and_names_the_agents() -> None:
    health = Worker().ask("/health").json()
    assert (health["status"], health["active_sessions"]) == ("healthy", 1)
    assert health["session_metrics"] == {"connected": 1, "disconnected": 4, "active": 1, "total_connected": 5}
    assert health["details"] == {"phase": "serving", "agents": ["a", "b"]}
    assert Worker().ask("/health/live").json() == {"status": "alive"}


@pytest.mark.parametrize(("ready", "status"), [("ready", 200), ("degraded", 200), ("not_ready", 503)])
@pytest.mark.parametrize("path", ["/readiness", "/health/readiness"])
def test_only_one_that_is_not_ready_is_sent_no_new_sessions(ready: str, status: int, path: str) -> None:
    answer = Worker(ready=ready).ask(path)
    assert (answer.status_code, answer.json()["status"]) == (status, ready)


def test_every_session_and_its_actors_are_shown_and_how_much_room_there_is() -> None:
    report = Worker().ask("/health/actors").json()
    [session] = report["sessions"]
    assert [one["name"] for one in session["actors"]] == ["supervisor", "recognizer"]
    assert (session["state"], session["age_s"], session["audio_bytes"]) == ("connected", 20.0, 640)
    assert report["capacity"] == {"sessions": 1, "max_sessions": 10, "left": 9}
    assert report["scope"] == "worker"


def test_of_one_session_the_recent_messages_are_shown_with_the_time_of_day() -> None:
    shown = Worker().ask("/health/actors/s").json()
    assert shown["recent_messages"] == [{"at": 1_040.0, "from": "", "to": "recognizer", "type": "SpeechStarted"}]


def test_of_all_workers_the_reports_of_the_others_are_shown_and_the_silent_ones_counted() -> None:
    worker = Worker()
    [(topic, told)] = [call.args for call in worker.cluster.on.call_args_list]
    assert topic == ACTORS
    worker.cluster.gather.return_value = ([asyncio.run(told(b""))], 2)
    report = worker.ask("/health/actors?scope=cluster").json()
    assert [session["session_id"] for other in report["others"] for session in other["sessions"]] == ["s"]
    assert (report["scope"], report["missing"]) == ("cluster", 2)


@pytest.mark.parametrize("path", ["/health/actors/none", "/health/actors/none/recognizer/restart"])
def test_a_session_that_is_not_live_here_is_not_found(path: str) -> None:
    assert Worker().ask(path, "POST" if path.endswith("restart") else "GET").status_code == 404


def test_an_actor_is_restarted_by_its_supervisor_and_by_nobody_else() -> None:
    worker = Worker()
    assert worker.ask("/health/actors/s/recognizer/restart", "POST").json() == {
        "session_id": "s",
        "actor": "recognizer",
        "status": "restarting",
    }
    worker.supervisor.tell.assert_called_once_with(RestartChild("recognizer"))


@pytest.mark.parametrize("name", ["supervisor", "nobody"])
def test_what_is_no_child_is_not_restarted_and_the_answer_names_those_that_are(name: str) -> None:
    worker = Worker()
    refused = worker.ask(f"/health/actors/s/{name}/restart", "POST")
    assert (refused.status_code, "it has recognizer" in refused.text) == (404, True)
    worker.supervisor.tell.assert_not_called()


@pytest.mark.parametrize(("scope", "status"), [("worker", 200), ("cluster", 200), ("other", 422)])
def test_one_worker_or_all_of_them_are_asked(scope: str, status: int) -> None:
    assert Worker().ask(f"/health/actors?scope={scope}").status_code == status


def test_a_store_that_fails_between_the_workers_is_told_of() -> None:
    worker = Worker()
    worker.cluster.gather.side_effect = StoreError(ErrorKind.UNAVAILABLE, "no connection")
    refused = worker.ask("/health/actors?scope=cluster")
    assert (refused.status_code, "no connection" in refused.text) == (503, True)
