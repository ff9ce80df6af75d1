"""The one state of a conversation with its speech-to-speech model, and the table of what is owed in it."""

from collections.abc import Callable

import pytest

from actors.rules.realtime.progress import (
    MAX_LIMITED_S,
    SETTLED_S,
    STALLED_S,
    WAITS,
    Overdue,
    RealtimeProgress,
    RealtimeState,
    RealtimeWait,
)


def listening() -> RealtimeProgress:
    progress = RealtimeProgress()
    progress.connect(0.0)
    progress.note_opened(0.0)
    return progress


def asked() -> RealtimeProgress:
    progress = listening()
    progress.note_asked(1, 1.0)
    return progress


def speaking() -> RealtimeProgress:
    progress = asked()
    assert progress.note_started("r1", 1, 2.0)
    return progress


def ending() -> RealtimeProgress:
    progress = speaking()
    progress.note_complete(3.0)
    return progress


def withdrawn() -> RealtimeProgress:
    progress = asked()
    assert progress.cancel(2.0) == ""
    return progress


def cancelled() -> RealtimeProgress:
    progress = speaking()
    assert progress.cancel(3.0) == "r1"
    return progress


def occupied() -> RealtimeProgress:
    progress = asked()
    assert progress.note_refused(1, 2.0, is_occupied=True)
    return progress


def paused() -> RealtimeProgress:
    progress = listening()
    progress.pause(2.0, 0.5)
    return progress


def connecting() -> RealtimeProgress:
    progress = RealtimeProgress()
    progress.connect(2.0)
    return progress


def limited() -> RealtimeProgress:
    progress = listening()
    progress.note_limit(3.0, 2.0)
    assert not progress.try_to_ask(2.0)
    return progress


def given_up() -> RealtimeProgress:
    progress = listening()
    progress.give_up(2.0)
    return progress


EACH = (listening, asked, speaking, ending, withdrawn, cancelled, occupied, paused, connecting, limited, given_up)
Make = Callable[[], RealtimeProgress]


def test_each_state_can_be_reached() -> None:
    assert {make().state for make in EACH} == set(RealtimeState)


@pytest.mark.parametrize("wait", WAITS, ids=lambda wait: str(wait.state))
def test_a_row_says_who_owes_what_and_what_is_done_without_it(wait: RealtimeWait) -> None:
    assert all((wait.awaited, wait.owed_by, wait.clock, wait.overdue))


def test_each_state_has_one_row_but_those_in_which_nothing_is_owed() -> None:
    rows = [wait.state for wait in WAITS]
    assert len(rows) == len(set(rows))
    assert set(RealtimeState) - set(rows) == {RealtimeState.LISTENING, RealtimeState.GIVEN_UP}


@pytest.mark.parametrize(
    ("make", "due", "overdue"),
    [
        (paused, 2.5, Overdue.CONNECT),
        (connecting, 8.0, Overdue.REPLACE),
        (asked, 1.0 + STALLED_S, Overdue.REPLACE),
        (speaking, 2.0 + STALLED_S, Overdue.REPLACE),
        (ending, 7.0, Overdue.CONCLUDE),
        (withdrawn, 5.0, Overdue.REPLACE),
        (cancelled, 6.0, Overdue.REPLACE),
        (occupied, 5.0, Overdue.REPLACE),
        (limited, 3.0, Overdue.ASK),
    ],
)
def test_what_is_owed_by_when(make: Make, due: float, overdue: Overdue) -> None:
    progress = make()
    assert progress.due == pytest.approx(due)
    assert progress.overdue is overdue


@pytest.mark.parametrize("make", [listening, given_up])
def test_where_nothing_is_owed_nothing_is_late(make: Make) -> None:
    assert make().due is None


def test_what_comes_of_a_response_puts_off_the_rest_of_it() -> None:
    progress = speaking()
    assert progress.note_output("r1", 7.0)
    assert progress.due == pytest.approx(7.0 + STALLED_S)
    assert not progress.note_output("r2", 9.0)
    assert progress.due == pytest.approx(7.0 + STALLED_S)


def test_a_response_of_which_all_has_come_may_go_on_and_owes_its_end() -> None:
    progress = ending()
    assert not progress.try_to_ask(3.0)
    assert not progress.note_output("r2", 4.0)
    assert progress.state is RealtimeState.ENDING
    assert progress.note_output("r1", 4.0)
    assert progress.due == pytest.approx(4.0 + STALLED_S)
    progress.note_complete(5.0)
    assert progress.due == pytest.approx(9.0)
    assert progress.note_finished("r1", 6.0) is RealtimeState.ENDING
    assert progress.try_to_ask(6.0)


def test_a_response_that_is_ending_can_be_cancelled() -> None:
    progress = ending()
    assert progress.cancel(4.0) == "r1"
    assert not progress.note_output("r1", 4.5)
    assert progress.note_finished("r1", 5.0) is RealtimeState.CANCELLED


def test_where_no_response_is_made_none_is_ending() -> None:
    for make in (listening, asked, withdrawn, cancelled, occupied, paused, connecting, limited, given_up):
        progress = make()
        state = progress.state
        progress.note_complete(4.0)
        assert progress.state is state


def test_what_still_comes_of_a_cancelled_response_is_not_wanted() -> None:
    progress = cancelled()
    assert not progress.note_output("r1", 4.0)
    assert progress.due == pytest.approx(7.0)


def test_a_response_ends_once() -> None:
    progress = speaking()
    assert progress.note_finished("r2", 3.0) is None
    assert progress.note_finished("", 3.0) is None
    assert progress.note_finished("r1", 3.0) is RealtimeState.SPEAKING
    assert progress.note_finished("r1", 3.0) is None
    assert progress.state is RealtimeState.LISTENING


def test_one_that_was_withdrawn_is_cancelled_when_it_begins() -> None:
    progress = withdrawn()
    assert not progress.note_started("r1", 1, 3.0)
    assert progress.note_finished("r1", 4.0) is RealtimeState.CANCELLED


def test_a_response_that_nobody_has_asked_for_is_not_wanted() -> None:
    for progress in (listening(), asked(), speaking()):
        state = progress.state
        assert not progress.note_started("r9", 9, 3.0)
        assert progress.state is state


def test_an_order_that_is_refused_is_over() -> None:
    progress = asked()
    assert not progress.note_refused(9, 2.0, is_occupied=False)
    assert progress.note_refused(1, 2.0, is_occupied=False)
    assert progress.state is RealtimeState.LISTENING
    assert not withdrawn().note_refused(1, 3.0, is_occupied=False)


def test_the_end_of_another_response_lets_ours_be_asked_for() -> None:
    progress = occupied()
    assert progress.note_finished("somebody's", 3.0) is RealtimeState.OCCUPIED
    assert progress.try_to_ask(3.0)


def test_nothing_is_cancelled_where_nothing_is_made() -> None:
    for make in (listening, withdrawn, cancelled, occupied, paused, connecting):
        progress = make()
        state = progress.state
        assert progress.cancel(4.0) == ""
        assert progress.state is state


def test_a_limit_is_waited_for_but_not_longer_than_a_caller_waits() -> None:
    progress = limited()
    progress.end_limit(3.0)
    assert progress.try_to_ask(3.0)
    progress.note_limit(600.0, 4.0)
    progress.note_limit(5.0, 4.0)
    assert not progress.try_to_ask(4.0)
    assert progress.due == pytest.approx(4.0 + MAX_LIMITED_S)
    assert progress.cancel(5.0) == ""
    assert progress.state is RealtimeState.LISTENING


def test_no_response_is_asked_for_where_one_is_being_made() -> None:
    assert not speaking().try_to_ask(3.0)


def test_failures_in_a_row_are_counted_until_a_response_is_whole() -> None:
    progress = listening()
    assert [progress.count_failure(), progress.count_failure()] == [0, 1]
    progress.note_success()
    assert progress.count_failure() == 0


def test_a_session_that_has_lasted_for_long_is_a_good_one() -> None:
    progress = listening()
    progress.count_failure()
    progress.note_lost(SETTLED_S - 1)
    assert progress.count_failure() == 1
    progress.connect(40.0)
    progress.note_opened(40.0)
    progress.note_lost(40.0 + SETTLED_S)
    assert progress.count_failure() == 0
    progress.note_lost(1_000.0)
    assert progress.count_failure() == 1


def test_another_session_does_not_expire_with_the_former() -> None:
    progress = listening()
    progress.is_expiring = True
    progress.connect(1.0)
    assert not progress.is_expiring


def test_a_session_that_does_not_open_counts_twice_and_a_slow_response_once() -> None:
    opening, slow = RealtimeProgress(), asked()
    opening.connect(0.0)
    for progress in (opening, slow):
        progress.note_stalled()
    assert (opening.count_failure(), slow.count_failure()) == (1, 0)
