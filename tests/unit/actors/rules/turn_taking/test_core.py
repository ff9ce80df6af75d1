"""The smallest steps of turn-taking: no change of state that the tables do not have."""

import pytest

from actors.rules.turn_taking.core import ImpossibleChangeError, TurnCore
from actors.rules.turn_taking.state import AgentActivity, CallerActivity, Interruption
from tests.unit.actors.rules.turn_taking.script import AGENT


def test_a_change_that_the_table_does_not_have_is_refused_and_not_made() -> None:
    turn = TurnCore(AGENT)
    with pytest.raises(ImpossibleChangeError, match="AgentActivity cannot change from idle to tool"):
        turn.agent_becomes(AgentActivity.TOOL)
    with pytest.raises(ImpossibleChangeError, match="CallerActivity cannot change from silent to awaited"):
        turn.caller_becomes(CallerActivity.AWAITED)
    assert (turn.state.agent, turn.state.caller) == (AgentActivity.IDLE, CallerActivity.SILENT)


def test_nothing_follows_the_last_words() -> None:
    turn = TurnCore(AGENT)
    turn.agent_becomes(AgentActivity.LEAVING)
    for activity in (AgentActivity.IDLE, AgentActivity.THINKING, AgentActivity.TOOL):
        with pytest.raises(ImpossibleChangeError):
            turn.agent_becomes(activity)


def test_to_stay_as_it_is_is_always_allowed() -> None:
    turn = TurnCore(AGENT)
    for stage in Interruption:
        turn.state.interruption = stage
        turn.interruption_becomes(stage)
        assert turn.state.interruption is stage
