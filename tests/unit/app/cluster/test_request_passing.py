"""Requests that another worker answers: whole there, whole back, and counted by what came of them."""

from typing import Any, cast

import msgspec
import pytest

from app.api.problems import ProblemError
from app.cluster.request_passing import ANSWER_S, FORWARD, Forwarded, RequestPassing, answered, replayed
from app.cluster.worker_requests import WorkerSilentError
from app.server.asgi_relay import RELAYED


class Requests:
    """The other worker, which gives `answer`, or does not."""

    def __init__(self, answer: bytes | None) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str, bytes, float]] = []

    async def ask(self, worker: str, topic: str, payload: bytes, within_s: float) -> bytes:
        self.asked.append((worker, topic, payload, within_s))
        if self.answer is None:
            raise WorkerSilentError("silent")
        return self.answer


class Cluster:
    def __init__(self, answer: bytes | None) -> None:
        self.requests = Requests(answer)


class Outcomes:
    def __init__(self) -> None:
        self.counted: list[str] = []

    def add(self, count: int, attributes: dict[str, str]) -> None:
        self.counted += [attributes["outcome"]] * count


class Sent:
    def __init__(self) -> None:
        self.events: list[Any] = []

    async def __call__(self, event: Any) -> None:
        self.events.append(event)


SCOPE: dict[str, Any] = {
    "type": "http",
    "method": "POST",
    "path": "/api/v1/calls/1/hold",
    "raw_path": b"/api/v1/calls/1/hold",
    "query_string": b"",
    "headers": [(b"x", b"y")],
    "scheme": "http",
    "server": ("here", 80),
    "client": ("there", 1),
}


def passing(answer: bytes | None) -> tuple[RequestPassing, Requests, Outcomes]:
    cluster, outcomes = Cluster(answer), Outcomes()
    return RequestPassing(cast(Any, cluster), "call", cast(Any, outcomes)), cluster.requests, outcomes


async def test_a_request_goes_whole_to_its_worker_and_the_answer_comes_back_whole() -> None:
    reply = msgspec.msgpack.encode({"status": 207, "headers": [[b"a", b"b"]], "body": b"done"})
    passes, requests, outcomes = passing(reply)
    sent = Sent()
    await passes.pass_on("theirs", SCOPE, b"asked", sent)
    ((worker, topic, payload, within_s),) = requests.asked
    assert (worker, topic, within_s) == ("theirs", FORWARD, ANSWER_S)
    forwarded = msgspec.msgpack.decode(payload, type=Forwarded)
    assert (forwarded.scope["path"], forwarded.body) == (SCOPE["path"], b"asked")
    start, body = sent.events
    assert (start["status"], [tuple(each) for each in start["headers"]], body["body"]) == (207, [(b"a", b"b")], b"done")
    assert outcomes.counted == ["answered"]


@pytest.mark.parametrize("answer", [None, b"", b"\xc1 no message", msgspec.msgpack.encode({"status": "fine"})])
async def test_a_worker_that_does_not_answer_or_answers_nonsense_is_a_problem(answer: bytes | None) -> None:
    passes, _, outcomes = passing(answer)
    sent = Sent()
    with pytest.raises(ProblemError, match="the worker that has the call does not answer") as raised:
        await passes.pass_on("theirs", SCOPE, b"", sent)
    assert raised.value.headers == {"Retry-After": "1"}
    assert sent.events == []
    assert outcomes.counted == []


async def test_what_is_refused_is_answered_with_the_reason_and_counted() -> None:
    passes, _, outcomes = passing(None)
    sent = Sent()

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    await passes.refuse(passes.unknown_owner(), SCOPE, receive, sent)
    start, body = sent.events
    assert start["status"] == 503
    assert b"it cannot be found out which worker has the call" in body["body"]
    assert (b"retry-after", b"1") in start["headers"]
    assert outcomes.counted == ["refused"]


async def test_a_body_that_was_read_is_given_once_more_and_then_what_comes() -> None:
    async def receive() -> Any:
        return {"type": "http.disconnect"}

    again = replayed(b"asked", receive)
    assert await again() == {"type": "http.request", "body": b"asked", "more_body": False}
    assert await again() == {"type": "http.disconnect"}


async def test_the_other_worker_is_told_that_it_was_passed_on_so_that_it_passes_nothing_on() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope[RELAYED]
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    asked = msgspec.msgpack.encode({"scope": {"type": "http", "headers": []}, "body": b""})
    assert msgspec.msgpack.decode(await answered(app, asked))["status"] == 204


async def test_an_answer_of_many_pieces_is_passed_on_whole() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["body"] == b"asked"
        await send({"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]})
        for piece in (b"one ", b"two"):
            await send({"type": "http.response.body", "body": piece, "more_body": piece != b"two"})

    asked = msgspec.msgpack.encode({"scope": {"type": "http", "headers": [(b"x", b"y")]}, "body": b"asked"})
    reply = msgspec.msgpack.decode(await answered(app, asked))
    assert reply == {"status": 200, "headers": [[b"a", b"b"]], "body": b"one two"}
