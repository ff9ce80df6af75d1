"""Requests about calls of other workers are passed on whole, and those that cannot be are refused with a reason."""

import asyncio
from typing import Any, cast

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from actors.errors import ErrorKind, StoreError
from app.cluster.call_forwarding import CallForwarding
from app.cluster.request_passing import answered
from app.cluster.worker_requests import WorkerSilentError

OURS, THEIRS = "ours", "theirs"


class Cluster:
    """Two workers: this one has the call `mine`, the other one `his`."""

    worker = OURS

    def __init__(self, other: Any) -> None:
        self.is_running = True
        self.requests = self
        self.failure: Exception | None = None
        self.required: list[str] = []
        self.ends = False
        self.with_room = ""
        self._other = other

    async def owner_of_call(self, secret: str, call_id: str) -> str:
        if isinstance(self.failure, StoreError):
            raise self.failure
        return THEIRS if "his" in (secret, call_id) else ""

    def worker_with_room(self) -> str:
        return self.with_room

    async def require_call(self, secret: str) -> bool:
        if self.failure is not None:
            raise self.failure
        self.required.append(secret)
        return not self.ends

    async def ask(self, worker: str, topic: str, payload: bytes, within_s: float) -> bytes:
        assert worker == THEIRS
        if self.failure is not None:
            raise self.failure
        return await answered(self._other, payload)


def served(name: str) -> Starlette:
    async def shown(request: Request) -> Response:
        body = (await request.body()).decode()
        return JSONResponse({"worker": name, "body": body, "path": request.url.path}, 207)

    return Starlette(routes=[Route("/{path:path}", shown, methods=["GET", "POST", "DELETE"])])


@pytest.fixture
def cluster() -> Cluster:
    return Cluster(served(THEIRS))


def client(cluster: Cluster) -> httpx.AsyncClient:
    app = CallForwarding(served(OURS), cast(Any, cluster))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here/api/v1")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/calls/{}"),
        ("DELETE", "/calls/{}"),
        ("POST", "/calls/{}/transfer"),
        ("POST", "/calls/{}/hold"),
        ("POST", "/calls/{}/unhold"),
        ("POST", "/calls/callbacks/{}"),
    ],
)
async def test_a_request_is_answered_by_the_worker_that_has_the_call(cluster: Cluster, method: str, path: str) -> None:
    async with client(cluster) as rest:
        for call, worker in (("his", THEIRS), ("mine", OURS)):
            answer = await rest.request(method, path.format(call), content=b"what was asked")
            assert answer.status_code == 207
            assert answer.json() == {
                "worker": worker,
                "body": "what was asked",
                "path": f"/api/v1{path.format(call)}",
            }


async def test_the_call_that_a_body_names_is_found_and_the_body_is_read_again(cluster: Cluster) -> None:
    async with client(cluster) as rest:
        deep = '{"call_id":"his","more":' + "[" * 3_000 + "]" * 3_000 + "}"
        for body, worker in (
            ('{"call_id":"his"}', THEIRS),
            ('{"call_id":"mine"}', OURS),
            ('{"call_id":null}', OURS),
            ("nonsense", OURS),
            (deep, OURS),
        ):
            answer = (await rest.post("/calls/terminate", content=body)).json()
            assert (answer["worker"], answer["body"]) == (worker, body)
        huge = await rest.post("/calls/terminate", content=b"x" * 300_000)
        assert huge.status_code == 413


@pytest.mark.parametrize("path", ["/calls", "/calls/initiate", "/calls/answer", "/calls/callbacks", "/health"])
async def test_what_names_no_call_is_answered_here(cluster: Cluster, path: str) -> None:
    cluster.failure = StoreError(ErrorKind.UNAVAILABLE, "not to be asked")
    async with client(cluster) as rest:
        assert (await rest.post(path)).json()["worker"] == OURS


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (StoreError(ErrorKind.UNAVAILABLE, "gone"), "it cannot be found out which worker has the call"),
        (WorkerSilentError("silent"), "the worker that has the call does not answer"),
    ],
)
async def test_what_cannot_be_passed_on_is_to_be_sent_again(cluster: Cluster, failure: Exception, reason: str) -> None:
    cluster.failure = failure
    async with client(cluster) as rest:
        answer = await rest.get("/calls/his")
        assert answer.status_code == 503
        assert reason in answer.text
        assert answer.headers["retry-after"] == "1"


async def test_a_worker_that_is_alone_answers_everything(cluster: Cluster) -> None:
    cluster.is_running = False
    async with client(cluster) as rest:
        assert (await rest.get("/calls/his")).json()["worker"] == OURS


async def opened(cluster: Cluster, path: str) -> list[str]:
    """What is sent to a WebSocket that is opened there."""
    sent: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(event: Any) -> None:
        await asyncio.sleep(0)
        sent.append(event["type"])

    scope = {"type": "websocket", "path": path, "headers": [], "extensions": {}}
    await CallForwarding(app, cast(Any, cluster))(scope, receive, send)
    return sent


async def test_the_call_of_a_media_socket_comes_here_before_it_is_answered(cluster: Cluster) -> None:
    assert await opened(cluster, "/api/v1/media/stream/secret") == ["websocket.accept"]
    assert await opened(cluster, "/api/v1/realtime/conversation") == ["websocket.accept"]
    assert cluster.required == ["secret"]
    cluster.ends = True
    assert "websocket.accept" not in await opened(cluster, "/api/v1/media/stream/secret")
    cluster.failure = StoreError(ErrorKind.UNAVAILABLE, "gone")
    assert "websocket.accept" not in await opened(cluster, "/api/v1/media/stream/secret")


async def test_a_call_is_placed_by_a_worker_with_room_if_this_one_has_none(cluster: Cluster) -> None:
    async with client(cluster) as rest:
        for room, worker in (("", OURS), (THEIRS, THEIRS)):
            cluster.with_room = room
            answer = await rest.post("/calls/initiate", content=b"whom to call")
            assert (answer.json()["worker"], answer.json()["body"]) == (worker, "whom to call")
