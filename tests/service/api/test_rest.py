"""The REST routes: what operators and clients are answered, and how their mistakes are."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from app.api.asgi import app_of
from app.services import Services
from tests.kit.clients.asgi_socket import AsgiSocket, Closed
from tests.kit.service_kit import running

TOKEN = "an-operator-token-of-32-characters"
AS_OPERATOR = {"authorization": f"Bearer {TOKEN}"}


class Rest:
    """A worker's app and a client of it, from this machine unless `host` says otherwise."""

    def __init__(self, service: Services, host: str) -> None:
        self.service = service
        self.app = app_of(service)
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(host, 1))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://localhost")

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.get(f"/api/v1{path}", headers=headers)

    async def delete(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.delete(f"/api/v1{path}", headers=headers)

    async def post(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.post(f"/api/v1{path}", headers=headers)

    async def shows(self, path: str, holds: Callable[[Any], bool], **headers: str) -> Any:
        """The first answer of which `holds` is true."""
        async with asyncio.timeout(60):
            while not holds(answer := (await self.get(path, **headers)).json()):  # noqa: ASYNC110  nobody is told
                await asyncio.sleep(0.02)
        return answer

    async def session(self, session_id: str) -> AsgiSocket:
        """A browser whose session is up, and to which the greeting has begun to be sent."""
        socket = AsgiSocket(self.app, "/api/v1/realtime/conversation", session_id=session_id)
        async with asyncio.timeout(60):
            while '"audio_data"' not in str(await socket.recv()):
                pass
        return socket


async def _until_closed(socket: AsgiSocket) -> None:
    while True:
        await socket.recv()


@asynccontextmanager
async def rest(host: str = "127.0.0.1", **environ: str) -> AsyncIterator[Rest]:
    async with running(environ) as service:
        yield Rest(service, host)


def is_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The problem document of an error answer."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail"} <= set(document)
    assert isinstance(document["detail"], str)
    assert document["status"] == status
    return document


async def test_health() -> None:
    async with rest() as r:
        socket = await r.session("s1")
        answer = (await r.get("/health")).json()
        assert answer["status"] == "healthy"
        assert answer["active_sessions"] == 1
        assert answer["session_metrics"] == {"connected": 1, "disconnected": 0, "active": 1, "total_connected": 1}
        assert {"version", "timestamp", "message", "details"} <= set(answer)
        assert (await r.get("/health/live")).status_code == 200
        socket.close()


@pytest.mark.parametrize("path", ["/readiness", "/health/readiness"])
async def test_readiness(path: str) -> None:
    async with rest() as r:
        answer = await r.get(path)
        assert answer.status_code == 200
        report = answer.json()
        assert report["status"] == "degraded"
        checks = {check["component"]: check for check in report["checks"]}
        assert set(checks) >= {
            "redis", "azure_openai_pool", "speech_services", "speech_to_speech",
            "acs_caller", "rt_agents", "auth_configuration"
        }  # fmt: skip
        assert (checks["redis"]["status"], checks["redis"]["error"]) == ("degraded", "not configured")
        assert checks["acs_caller"]["status"] == "unhealthy"
        assert checks["rt_agents"]["status"] == "healthy"
        assert checks["auth_configuration"]["details"] == "browsers: off; ACS: not checked"


async def test_readiness_says_when_no_incoming_call_can_be_told_of() -> None:
    async with rest(ENABLE_AUTH_VALIDATION="on", ACS_AUDIENCE="x") as r:
        checks = {check["component"]: check for check in (await r.get("/readiness")).json()["checks"]}
        assert checks["auth_configuration"]["status"] == "unhealthy"
        assert "EVENT_GRID_SECRET" in checks["auth_configuration"]["error"]


async def test_readiness_says_no_while_draining_and_still_answers() -> None:
    async with rest() as r:
        assert (await r.get("/readiness")).status_code == 200
        await r.service.lifecycle.drain(asyncio.get_running_loop().time() + 1)
        answer = await r.get("/readiness")
        assert answer.status_code == 503
        assert answer.json()["status"] == "not_ready"
        assert (await r.get("/health/live")).status_code == 200


@pytest.mark.parametrize("path", ["/health", "/health/", "/sessions", "/sessions/", "/realtime/status/"])
async def test_every_path_answers_with_and_without_its_slash(path: str) -> None:
    async with rest() as r:
        assert (await r.get(path)).status_code == 200


async def test_the_printed_address_says_what_answers_there() -> None:
    async with rest() as r:
        answer = await r.client.get("/")
        assert answer.status_code == 200
        assert "/api/v1/realtime/conversation" in answer.text


async def test_realtime_status() -> None:
    async with rest() as r:
        socket = await r.session("s1")
        dashboard = AsgiSocket(r.app, "/api/v1/browser/dashboard/relay", session_id="s1")
        answer = await r.shows("/realtime/status", lambda answer: answer["active_connections"]["dashboard_clients"])
        assert answer["active_connections"] == {
            "dashboard_clients": 1, "conversation_sessions": 1, "total_connections": 2
        }  # fmt: skip
        assert set(answer["websocket_endpoints"]) == {"dashboard_relay", "conversation"}
        socket.close()
        dashboard.close()


async def test_the_actor_tree_of_every_session() -> None:
    async with rest() as r:
        socket = await r.session("s1")
        answer = (await r.get("/health/actors")).json()
        (session,) = answer["sessions"]
        assert session["session_id"] == "s1"
        names = [actor["actor_class"] for actor in session["actors"]]
        assert names == ["SessionSupervisor", "Recognizer", "Synthesizer", "Orchestrator"]
        actor = session["actors"][1]
        assert {"name", "state", "mailbox", "mailbox_urgent", "handled", "restarts", "last_error"} <= set(actor)
        assert actor["state"] == "running"
        assert answer["capacity"]["left"] == 99
        assert {"p50_ms", "p99_ms", "max_ms"} <= set(answer["loop_lag"])
        socket.close()


async def test_the_circuit_of_every_provider() -> None:
    async with rest(LANGUAGE_MODEL_FALLBACK="script", SPEECH_RECOGNIZER_FALLBACK="moonshine") as r:
        shown = (await r.get("/health/actors")).json()["providers"]
        well = {"breaker": "closed", "recent_failures": 0, "opens_in_s": 0.0}
        assert shown == {
            "speech_recognizer": [{"name": "tests.kit.fakes:recognizer", **well}, {"name": "moonshine", **well}],
            "speech_synthesizer": [{"name": "tests.kit.fakes:synthesizer", **well}],
            "language_model": [{"name": "tests.kit.fakes:model", **well}, {"name": "script", **well}],
        }


async def test_one_session_with_its_recent_messages_and_no_content() -> None:
    async with rest() as r:
        socket = await r.session("s1")
        socket.send("my secret is forty two")
        answer = await r.shows("/health/actors/s1", lambda answer: "TextEntered" in str(answer["recent_messages"]))
        seen = {(message["from"], message["to"], message["type"]) for message in answer["recent_messages"]}
        # A connection is no actor; what is said about the caller's words is told from actor to actor.
        assert ("", "orchestrator", "TextEntered") in seen
        actors = {actor["name"] for actor in answer["actors"]}
        assert {sender for sender, _, _ in seen} - {""} <= actors
        assert any(sender and sender != receiver for sender, receiver, _ in seen)
        assert all(0 <= time.time() - message["at"] < 120 for message in answer["recent_messages"])
        assert "secret" not in json.dumps(answer)
        socket.close()


async def test_an_actor_is_restarted_by_an_operator() -> None:
    async with rest(OPERATOR_TOKEN=TOKEN) as r:
        socket = await r.session("s1")
        is_problem(await r.post("/health/actors/s1/recognizer/restart"), 401)
        is_problem(await r.post("/health/actors/s1/recognizer/restart", authorization="Bearer wrong"), 401)
        answer = await r.post("/health/actors/s1/recognizer/restart", **AS_OPERATOR)
        assert answer.json()["status"] == "restarting"

        def restarts(answer: Any) -> dict[str, int]:
            (session,) = answer["sessions"]
            return {actor["name"]: actor["restarts"] for actor in session["actors"]}

        answer = await r.shows("/health/actors", lambda answer: bool(restarts(answer)["recognizer"]), **AS_OPERATOR)
        assert restarts(answer)["recognizer"] == 1
        is_problem(await r.post("/health/actors/s1/nobody/restart", **AS_OPERATOR), 404)
        is_problem(await r.post("/health/actors/s2/recognizer/restart", **AS_OPERATOR), 404)
        socket.close()


@pytest.mark.parametrize(("host", "status"), [("127.0.0.1", 404), ("::1", 404), ("10.0.0.9", 403)])
async def test_without_a_token_operators_are_on_this_machine(host: str, status: int) -> None:
    async with rest(host) as r:
        is_problem(await r.delete("/sessions/none"), status)


async def test_nor_behind_a_proxy_on_this_machine() -> None:
    async with rest() as r:
        is_problem(await r.delete("/sessions/none", **{"x-forwarded-for": "203.0.113.5"}), 403)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"host": "rebound.evil.example:8000"},
        {"host": "rebound.evil.example:8000", "origin": "http://rebound.evil.example:8000"},
    ],
)
async def test_nor_are_they_foreign_pages_in_a_browser_here(headers: dict[str, str]) -> None:
    async with rest() as r:
        is_problem(await r.delete("/sessions/none", **headers), 403)


async def test_but_our_own_page_may_be_theirs() -> None:
    async with rest() as r:
        is_problem(
            await r.delete("/sessions/none", origin="http://localhost", **{"sec-fetch-site": "same-origin"}), 404
        )


async def test_sessions_live_and_recent() -> None:
    async with rest() as r:
        socket = await r.session("s1")
        answer = (await r.get("/sessions")).json()
        assert [(s["session_id"], s["state"]) for s in answer["sessions"]] == [("s1", "connected")]
        assert (await r.get("/sessions/s1")).json()["agent"] == "tester"
        is_problem(await r.get("/sessions/unknown"), 404)
        is_problem(await r.get("/sessions/unknown/transcript"), 404)
        socket.close()


async def test_a_session_is_ended_politely_and_leaves_its_transcript() -> None:
    async with rest() as r:
        socket = await r.session("s1")
        assert (await r.delete("/sessions/s1")).json() == {"session_id": "s1", "status": "ending"}
        with pytest.raises(Closed) as closed:
            await asyncio.wait_for(_until_closed(socket), 60)
        assert closed.value.code == 1000
        entries = (await r.get("/sessions/s1/transcript")).json()["entries"]
        assert entries[-1]["text"] == "Thank you for calling. Goodbye."
        assert {"role", "turn", "at", "kind", "heard", "interrupted"} <= set(entries[-1])
        for media_type, beginning in (("text/vtt", "WEBVTT\n"), ("text/plain", "[00:0")):
            answer = await r.get("/sessions/s1/transcript", accept=media_type)
            assert answer.headers["content-type"].startswith(media_type)
            assert answer.headers["vary"] == "Accept"
            assert answer.text.startswith(beginning)
        is_problem(await r.get("/sessions/s1/transcript", accept="image/png"), 406)
        assert (await r.get("/sessions/s1")).json()["ended_reason"] == "NORMAL"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing/here", 404),
        ("POST", "/health", 405),
        ("GET", "/health/actors?scope=galaxy", 422),
        ("GET", "/health/actors/unknown", 404),
    ],
)
async def test_a_clients_mistake_is_a_problem_and_never_a_500(method: str, path: str, status: int) -> None:
    async with rest() as r:
        is_problem(await r.client.request(method, f"/api/v1{path}"), status)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/calls/answer", "OPTIONS, POST"),
        ("/calls/answer/", "OPTIONS, POST"),
        ("/calls/callbacks", "POST"),
        ("/calls/callbacks/a-secret", "POST"),
        ("/calls/initiate", "POST"),
        ("/calls/terminate", "POST"),
    ],
)
async def test_a_path_with_another_method_is_told_the_methods_and_not_taken_for_an_id(
    method: str, path: str, allowed: str
) -> None:
    # Before any check: whoever tries the address of the webhook in a browser is no operator.
    async with rest(host="203.0.113.7") as r:
        answer = await r.client.request(method, f"/api/v1{path}")
        document = is_problem(answer, 405)
        assert answer.headers["allow"] == allowed
        assert document["detail"] == f"this path does not take {method}, only {allowed}"


async def test_our_own_mistake_tells_nothing_of_itself() -> None:
    async with rest() as r:
        r.service.capacity.most = None  # type: ignore[assignment]  # a fault of ours, inside a route
        document = is_problem(await r.get("/health/actors"), 500)
        assert "NoneType" not in json.dumps(document)


async def test_a_dashboard_sees_everything_but_the_audio() -> None:
    async with rest() as r:
        dashboard = AsgiSocket(r.app, "/api/v1/realtime/dashboard/relay", session_id="s1")
        await asyncio.sleep(0.05)
        socket = await r.session("s1")
        seen = [json.loads(await asyncio.wait_for(dashboard.recv(), 60)) for _ in range(2)]
        assert "audio_data" not in {message["type"] for message in seen}
        assert "status" in {message["type"] for message in seen}
        dashboard.send("keep-alive")
        socket.close()
        dashboard.close()
        await asyncio.sleep(0.05)


async def test_a_dashboard_without_a_session_is_refused() -> None:
    async with rest() as r:
        dashboard = AsgiSocket(r.app, "/api/v1/realtime/dashboard/relay")
        with pytest.raises(Closed) as closed:
            await dashboard.recv()
        assert closed.value.code == 1008
