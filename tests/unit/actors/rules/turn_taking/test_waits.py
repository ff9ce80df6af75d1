"""The table of waits: whole, and told from the state alone."""

import pytest

from actors.messages.lifecycle import Timer
from actors.rules.turn_taking.core import TurnCore
from actors.rules.turn_taking.state import AgentActivity, CallerActivity, Course, TurnSnapshot
from actors.rules.turn_taking.waits import GOODBYE, WAITS, Wait
from tests.unit.actors.rules.turn_taking.script import AGENT, Talk


def owed(state: TurnSnapshot) -> set[Timer]:
    turn = TurnCore(AGENT, state=state)
    return {wait.timer for wait in WAITS if wait.due(turn) is not None}


def test_each_timer_has_one_row() -> None:
    assert sorted(wait.timer for wait in (*WAITS, GOODBYE)) == sorted(Timer)


@pytest.mark.parametrize("wait", [*WAITS, GOODBYE], ids=lambda wait: str(wait.timer))
def test_a_row_says_who_owes_what_and_what_is_done_without_it(wait: Wait) -> None:
    assert all((wait.awaited, wait.owed_by, wait.clock, wait.otherwise))


def test_of_nobody_anything_is_owed_but_the_end_of_the_session() -> None:
    assert owed(TurnSnapshot()) == {Timer.SESSION}


@pytest.mark.parametrize(
    ("state", "timer"),
    [
        (TurnSnapshot(caller=CallerActivity.TALKING), Timer.AUDIO),
        (TurnSnapshot(caller=CallerActivity.AWAITED), Timer.TRANSCRIPT),
        (TurnSnapshot(agent=AgentActivity.THINKING), Timer.FILLER),
        (TurnSnapshot(stop_ordered_at=0.0), Timer.STOPPED),
        (TurnSnapshot(keys="1"), Timer.KEYS),
        (TurnSnapshot(quiet_at=0.0), Timer.NO_INPUT),
        (TurnSnapshot(on_hold_since=0.0), Timer.HOLD),
    ],
)
def test_what_a_state_waits_for(state: TurnSnapshot, timer: Timer) -> None:
    assert timer in owed(state)


def test_the_longest_session_is_over_once() -> None:
    assert owed(TurnSnapshot(course=Course.CLOSING, closing_at=1.0)) == {Timer.CLOSING}


def test_timers_that_run_are_those_that_are_owed() -> None:
    for talk in (Talk(), Talk().voice(200), Talk().voice(200).pause(), Talk().thinking(), Talk().speaking()):
        turn = talk.turn
        assert set(turn.armed) == {wait.timer for wait in turn.waits if wait.due(turn) is not None}
