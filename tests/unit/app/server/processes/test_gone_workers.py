"""Of the workers that have died it is known what became of their sessions, of so many as a notice holds."""

import pytest

from app.server.processes.gone_workers import MOST_GONE, MOST_SESSIONS, GoneSession, GoneWorker, GoneWorkers, gone_in


def test_what_nobody_has_gone_on_with_is_lost_and_comes_first() -> None:
    gone = GoneWorkers()
    gone.record_death(7, at=1_000.0004, status=-9, sessions=["a", "b", "c"])
    assert gone.record_begin("a", 8)
    assert not gone.record_begin("another", 8)
    assert gone_in(gone.fields()) == [
        GoneWorker(
            worker=7,
            at=1_000.0,
            status=-9,
            live=3,
            lost=2,
            sessions=(GoneSession("b"), GoneSession("c"), GoneSession("a", 8)),
        )
    ]


def test_a_session_whose_second_worker_dies_too_goes_on_at_the_third() -> None:
    gone = GoneWorkers()
    gone.record_death(7, at=1.0, status=1, sessions=["a"])
    gone.record_begin("a", 8)
    gone.record_death(8, at=2.0, status=1, sessions=["a"])
    assert [each.lost for each in gone_in(gone.fields())] == [0, 1]
    gone.record_begin("a", 9)
    assert [each.sessions[0].goes_on_at for each in gone_in(gone.fields())] == [9, 9]


def test_only_so_many_workers_and_sessions_are_told_of() -> None:
    gone = GoneWorkers()
    for worker in range(MOST_GONE + 5):
        gone.record_death(worker, at=float(worker), status=1, sessions=[f"{worker}-{number}" for number in range(100)])
    for number in range(90):
        gone.record_begin(f"9-{number}", 99)
    told = gone_in(gone.fields())
    assert [each.worker for each in told] == list(range(5, MOST_GONE + 5))
    nine = next(each for each in told if each.worker == 9)
    assert (nine.live, nine.lost, len(nine.sessions)) == (100, 10, MOST_SESSIONS)
    assert sum(each.goes_on_at == 0 for each in nine.sessions) == 10


@pytest.mark.parametrize("count", [0, 1])
def test_a_worker_without_sessions_is_told_of_too(count: int) -> None:
    gone = GoneWorkers()
    gone.record_death(7, at=1.0, status=-11, sessions=["a"][:count])
    assert gone_in(gone.fields())[0].live == count
