"""What workers tell each other through the launcher, and what becomes of the sessions and calls of one that ends."""

from typing import Any
from unittest.mock import Mock

import msgspec
import pytest

from app.server.processes.gone_workers import GONE, gone_in
from app.server.processes.worker_exchange import WorkerExchange
from app.server.processes.worker_pipe import (
    OF_WORKER,
    AskOwner,
    Owner,
    SessionBegun,
    SessionLeft,
    WorkerNotice,
    decode_from_launcher,
    encode_line,
)
from app.telephony.continuity.call_checkpoints import KEPT, ORPHANED, CallCheckpoint

CALL = CallCheckpoint(secret="call_1", session_id="s", direction="inbound", agent="a", mode="media", created_at=1.0)


class Workers:
    """Two running workers, by the numbers of their processes, and what each is told."""

    def __init__(self) -> None:
        self.told: dict[int, list[Any]] = {}
        self.running: set[Any] = set()
        self.exchange = WorkerExchange(self.running, None)
        self.one, self.other = self.start(1), self.start(2)

    def start(self, pid: int, *, is_ready: bool = True) -> Any:
        told = self.told[pid] = []

        def tell(line: bytes) -> None:
            told.append(decode_from_launcher(line))

        worker = Mock(process=Mock(pid=pid), is_ready=is_ready, tell=tell)
        self.running.add(worker)
        self.exchange.greet(worker)
        return worker

    def end(self, worker: Any, status: int, *, is_serving: bool = True) -> None:
        self.running.discard(worker)
        self.exchange.ended(worker, status, is_serving=is_serving)

    def take(self, worker: Any, message: Any) -> None:
        self.exchange.take(worker, message, encode_line(message))


@pytest.fixture
def workers() -> Workers:
    return Workers()


def test_a_notice_goes_to_all_workers_and_to_those_that_are_started_later(workers: Workers) -> None:
    workers.take(workers.one, WorkerNotice("level", {"a": 1, "b": 1}))
    workers.take(workers.other, WorkerNotice("level", {"b": 2}))
    for pid in (1, 2):
        assert [notice.fields for notice in workers.told[pid]] == [{"a": 1, "b": 1}, {"b": 2}]
    workers.start(3)
    assert workers.told[3] == [WorkerNotice("level", {"a": 1, "b": 2})]


def test_what_one_worker_tells_of_itself_is_forgotten_with_it(workers: Workers) -> None:
    workers.take(workers.one, WorkerNotice(f"{OF_WORKER}1", {"a": 1}))
    workers.end(workers.one, 0)
    workers.start(3)
    assert workers.told[3] == []


def test_a_worker_is_told_who_has_a_session_as_long_as_anybody_knows_of_it(workers: Workers) -> None:
    workers.take(workers.one, AskOwner(session_id="claimed", number=1, claim=True))
    workers.take(workers.one, SessionBegun("s"))
    workers.take(workers.one, SessionLeft("s", begun=True))
    for number, session_id in enumerate(("s", "claimed", "unknown")):
        workers.take(workers.other, AskOwner(session_id=session_id, number=number, claim=False))
    assert workers.told[1] == [Owner(1, 1)]
    assert workers.told[2] == [Owner(0, 1), Owner(1, 1), Owner(2, 0)]
    workers.take(workers.one, SessionLeft("claimed", begun=False))
    workers.take(workers.other, AskOwner(session_id="claimed", number=3, claim=False))
    workers.end(workers.one, 0)
    workers.take(workers.other, AskOwner(session_id="s", number=4, claim=False))
    assert workers.told[2][3:] == [Owner(3, 0), Owner(4, 0)]


def test_all_are_told_of_a_worker_that_has_died_and_of_who_goes_on_with_its_sessions(workers: Workers) -> None:
    workers.take(workers.one, SessionBegun("s"))
    workers.end(workers.one, -9)
    workers.take(workers.other, SessionBegun("s"))
    died, goes_on = workers.told[2]
    assert died.topic == goes_on.topic == GONE
    assert [(each.worker, each.status, each.lost) for each in gone_in(died.fields)] == [(1, -9, 1)]
    assert [(each.worker, each.lost) for each in gone_in(goes_on.fields)] == [(1, 0)]


@pytest.mark.parametrize(("status", "is_serving"), [(0, True), (-9, False)])
def test_nobody_is_told_of_a_worker_that_was_to_end(workers: Workers, status: int, is_serving: bool) -> None:
    workers.end(workers.one, status, is_serving=is_serving)
    assert workers.told[2] == []


@pytest.mark.parametrize("is_serving", [True, False])
def test_the_calls_of_a_worker_that_ends_are_another_ones_or_wait_for_the_next(
    workers: Workers, is_serving: bool
) -> None:
    workers.take(workers.one, WorkerNotice(KEPT, CALL.fields()))
    assert [notice.topic for notice in workers.told[1]] == [KEPT], "it is told that its record is kept"
    workers.end(workers.one, 0, is_serving=is_serving)
    workers.start(3)
    taken_over_by = [pid for pid in (2, 3) if any(notice.topic == ORPHANED for notice in workers.told[pid])]
    assert taken_over_by == ([2] if is_serving else [3])
    notice = workers.told[taken_over_by[0]][-1]
    assert msgspec.convert(notice.fields["secret"], str) == CALL.secret
