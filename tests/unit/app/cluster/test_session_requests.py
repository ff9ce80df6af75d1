"""What operators ask of sessions of other workers is passed on; what any worker can answer is answered here."""

from typing import Any, cast

import httpx
import pytest

from actors.errors import ErrorKind, StoreError
from app.cluster.session_requests import HAS_AUDIO, HAS_TIMELINE, SessionRequests
from app.cluster.worker_requests import WorkerSilentError
from tests.unit.app.cluster.test_call_forwarding import OURS, THEIRS, Cluster, served


class Sessions:
    """This worker has the session `mine`, the other one `his`."""

    def live(self, session_id: str) -> str | None:
        return session_id if session_id == "mine" else None


class OfSessions(Cluster):
    missing = 0

    async def first_with(self, topic: str, payload: bytes) -> tuple[str, int]:
        if isinstance(self.failure, StoreError):
            raise self.failure
        is_his = payload == b"his" or (topic in (HAS_TIMELINE, HAS_AUDIO) and payload == b"over")
        return (THEIRS if is_his else ""), self.missing


@pytest.fixture
def cluster() -> OfSessions:
    return OfSessions(served(THEIRS))


def client(cluster: OfSessions) -> httpx.AsyncClient:
    keeps = dict.fromkeys((HAS_TIMELINE, HAS_AUDIO), lambda session_id: session_id in ("mine", "ended"))
    app = SessionRequests(served(OURS), cast(Any, cluster), cast(Any, Sessions()), keeps)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here/api/v1")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/sessions/{}/approvals"),
        ("POST", "/sessions/{}/approvals/1-a"),
        ("DELETE", "/sessions/{}"),
        ("GET", "/sessions/{}/timeline"),
        ("GET", "/sessions/{}/audio"),
        ("GET", "/health/actors/{}"),
        ("POST", "/health/actors/{}/orchestrator/restart"),
    ],
)
async def test_what_only_the_worker_of_a_session_can_answer_reaches_it(
    cluster: OfSessions, method: str, path: str
) -> None:
    async with client(cluster) as rest:
        for session, worker in (("his", THEIRS), ("mine", OURS), ("nobodys", OURS)):
            asked = "" if path.endswith("/audio") else "what was asked"
            answer = (await rest.request(method, path.format(session), content=asked)).json()
            assert (answer["worker"], answer["body"]) == (worker, asked)


@pytest.mark.parametrize("kept", ["timeline", "audio"])
@pytest.mark.parametrize(("session", "worker"), [("his", THEIRS), ("over", THEIRS), ("ended", OURS), ("nobodys", OURS)])
async def test_what_is_kept_of_a_session_that_is_over_is_had_from_where_it_is_known(
    cluster: OfSessions, session: str, worker: str, kept: str
) -> None:
    async with client(cluster) as rest:
        assert (await rest.get(f"/sessions/{session}/{kept}")).json()["worker"] == worker
        assert (await rest.get(f"/sessions/{session}/approvals")).json()["worker"] == (
            THEIRS if session == "his" else OURS
        )


@pytest.mark.parametrize("path", ["/sessions", "/sessions/his", "/sessions/his/transcript", "/health/actors", "/calls"])
async def test_what_any_worker_can_answer_is_answered_here(cluster: OfSessions, path: str) -> None:
    cluster.failure = StoreError(ErrorKind.UNAVAILABLE, "not to be asked")
    async with client(cluster) as rest:
        assert (await rest.get(path)).json()["worker"] == OURS


async def test_what_cannot_be_found_out_is_to_be_asked_again(cluster: OfSessions) -> None:
    async with client(cluster) as rest:
        cluster.missing = 1
        answer = await rest.get("/sessions/nobodys/approvals")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert "it cannot be found out which worker has the session" in answer.text
        cluster.failure = WorkerSilentError("silent")
        assert "the worker that has the session does not answer" in (await rest.get("/sessions/his/approvals")).text
        cluster.failure = StoreError(ErrorKind.UNAVAILABLE, "gone")
        assert (await rest.get("/sessions/his/approvals")).status_code == 503


async def test_a_worker_that_is_alone_answers_everything(cluster: OfSessions) -> None:
    cluster.is_running = False
    async with client(cluster) as rest:
        assert (await rest.get("/sessions/his/approvals")).json()["worker"] == OURS
