"""How turn-taking begins, and refuses what cannot happen, as examples."""

import pytest

from actors.conversation import Floor, UtteranceKind
from actors.messages.caller import KeyPressed
from actors.messages.lifecycle import Timer
from actors.rules.turn_taking.machine import TurnTaking, UnexpectedEventError
from actors.rules.turn_taking.state import TurnSnapshot
from tests.unit.actors.rules.turn_taking.script import AGENT, GREETER, Talk, kinds


class TestBeginning:
    def test_an_agent_with_a_greeting_greets(self) -> None:
        talk = Talk(GREETER)
        assert kinds(talk) == [UtteranceKind.GREETING]
        assert set(talk.due) == {Timer.SESSION}

    def test_without_one_it_listens(self) -> None:
        assert Talk().due == {Timer.SESSION: 600, Timer.NO_INPUT: 10}

    def test_after_the_greeting_it_listens(self) -> None:
        talk = Talk(GREETER).starts().ends()
        assert Timer.NO_INPUT in talk.due
        assert talk.turn.floor is Floor.NOBODY


def test_what_cannot_happen_is_reported_in_service_and_raised_in_tests() -> None:
    turn = TurnTaking(AGENT)
    turn.start(0.0)
    reported = [type(effect).__name__ for effect in turn.handle(KeyPressed("x"), 1.0)]
    assert "ReportUnexpected" in reported
    with pytest.raises(UnexpectedEventError, match="KeyPressed cannot happen with agent idle"):
        Talk().tell(KeyPressed("x"))


def test_a_message_that_no_rule_knows_is_refused_by_its_name() -> None:
    with pytest.raises(TypeError, match="no rule for a TurnSnapshot"):
        TurnTaking(AGENT).handle(TurnSnapshot(), 0.0)  # type: ignore[arg-type]
