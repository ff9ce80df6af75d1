"""Files of other workers come piece by piece, whole or the range that is asked for, never more than a piece at once."""

from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock

import httpx
import msgspec
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app.api.problems import ProblemError
from app.cluster.file_passing import PIECE_BYTES, pass_on_file
from app.cluster.request_passing import FORWARD, PassedResponse, RequestPassing, answered
from app.cluster.worker_requests import WorkerSilentError

CONTENT = (bytes(number * 7 % 251 for number in range(251)) * (PIECE_BYTES // 100))[: 2 * PIECE_BYTES + 1_000]


class Owner:
    """The other worker, with the file at `path`; it falls silent after `answers` requests."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.answers = 1_000
        self.removed_after = 1_000
        self.replies: list[PassedResponse] = []
        self.app = Starlette(routes=[Route("/{path:path}", self._serve)])

    async def _serve(self, _: Request) -> Response:
        if len(self.replies) >= self.removed_after or not self.path.exists():
            return JSONResponse({"detail": "it is gone"}, 404)
        return FileResponse(self.path, media_type="audio/wav", headers={"Cache-Control": "no-store"})

    async def ask(self, worker: str, topic: str, payload: bytes, within_s: float) -> bytes:
        assert (worker, topic) == ("theirs", FORWARD)
        if len(self.replies) >= self.answers:
            raise WorkerSilentError("silent")
        reply = await answered(self.app, payload)
        self.replies.append(msgspec.msgpack.decode(reply, type=PassedResponse))
        return reply


@pytest.fixture(name="owner")
def fixture_owner(tmp_path: Path) -> Owner:
    path = tmp_path / "audio.wav"
    path.write_bytes(CONTENT)
    return Owner(path)


def passing(owner: Owner, outcomes: Mock) -> RequestPassing:
    return RequestPassing(cast(Any, Mock(requests=owner)), "session", outcomes)


async def asked(
    owner: Owner, headers: dict[str, str] | None = None, method: str = "GET"
) -> tuple[httpx.Response, Mock]:
    """The answer as a client gets it, and what was counted."""
    outcomes = Mock()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await pass_on_file(passing(owner, outcomes), "theirs", scope, send)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
        return await client.request(method, "/audio", headers=headers), outcomes


async def test_a_file_comes_whole_and_in_pieces(owner: Owner) -> None:
    answer, outcomes = await asked(owner)
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["content-length"] == str(len(CONTENT))
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("audio/wav", "no-store")
    assert "content-range" not in answer.headers
    assert [len(reply.body) for reply in owner.replies] == [PIECE_BYTES, PIECE_BYTES, 1_000]
    outcomes.add.assert_called_once_with(1, {"outcome": "answered"})


@pytest.mark.parametrize(
    ("range_", "first", "end"),
    [
        ("bytes=0-", 0, len(CONTENT)),
        ("bytes=10-19", 10, 20),
        (f"bytes=100-{PIECE_BYTES + 200}", 100, PIECE_BYTES + 201),
        (f"bytes=5-{10 * len(CONTENT)}", 5, len(CONTENT)),
        (f"bytes={len(CONTENT) - 1}-", len(CONTENT) - 1, len(CONTENT)),
    ],
)
async def test_a_range_of_it_is_that_range(owner: Owner, range_: str, first: int, end: int) -> None:
    answer, _ = await asked(owner, {"Range": range_})
    assert (answer.status_code, answer.content) == (206, CONTENT[first:end])
    assert answer.headers["content-range"] == f"bytes {first}-{end - 1}/{len(CONTENT)}"
    assert answer.headers["content-length"] == str(end - first)
    assert max(len(reply.body) for reply in owner.replies) <= PIECE_BYTES
    assert sum(len(reply.body) for reply in owner.replies) == end - first


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=-5"},
        {"Range": "bytes=1-2,4-5"},
        {"Range": "bytes=9-3"},
        {"Range": "lines=1-2"},
        {"Range": "bytes=0-3", "If-Range": '"another"'},
    ],
)
async def test_what_is_asked_for_in_any_other_way_is_answered_with_the_whole(
    owner: Owner, headers: dict[str, str]
) -> None:
    answer, _ = await asked(owner, headers)
    assert (answer.status_code, answer.content) == (200, CONTENT)


async def test_a_range_beyond_the_end_is_refused_as_the_worker_refuses_it(owner: Owner) -> None:
    answer, _ = await asked(owner, {"Range": f"bytes={len(CONTENT)}-"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{len(CONTENT)}")


async def test_its_head_is_asked_for_without_the_rest(owner: Owner) -> None:
    answer, _ = await asked(owner, method="HEAD")
    assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, str(len(CONTENT)), b"")
    assert len(owner.replies) == 1


async def test_a_refusal_is_passed_on_as_it_is(owner: Owner) -> None:
    owner.path.unlink()
    answer, _ = await asked(owner)
    assert (answer.status_code, answer.json()) == (404, {"detail": "it is gone"})


async def test_a_worker_that_does_not_answer_at_all_is_a_problem(owner: Owner) -> None:
    owner.answers = 0
    with pytest.raises(ProblemError, match="the worker that has the session does not answer"):
        await asked(owner)


@pytest.mark.parametrize("how", ["silent", "removed"])
async def test_an_answer_breaks_off_where_the_file_does(owner: Owner, how: str) -> None:
    if how == "silent":
        owner.answers = 1
    else:
        owner.removed_after = 1
    sent: list[Any] = []

    async def send(event: Any) -> None:
        sent.append(event)

    scope: Scope = {"type": "http", "method": "GET", "path": "/audio", "raw_path": b"/audio", "headers": []}
    outcomes = Mock()
    await pass_on_file(passing(owner, outcomes), "theirs", {**scope, "query_string": b""}, send)
    start, piece = sent
    assert dict(start["headers"])[b"content-length"] == str(len(CONTENT)).encode()
    assert (piece["body"], piece["more_body"]) == (CONTENT[:PIECE_BYTES], True), (
        "so that the server ends the connection"
    )
    outcomes.add.assert_not_called()
