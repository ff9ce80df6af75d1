"""Recorded turn-taking decides as turn-taking does, and tells each step with all that is needed to repeat it."""

from typing import Any

import pytest

from actors.messages.caller import TextEntered
from actors.rules.turn_taking.machine import TurnTaking
from actors.rules.turn_taking.state import TurnSnapshot
from actors.session.recorded_turn_taking import (
    RecordedTurnTaking,
    TurnTakingResumed,
    TurnTakingStarted,
    TurnTakingStep,
    TurnTakingTold,
)
from tests.kit.session_kit import AGENT


def test_a_start_and_what_follows_is_told_with_its_effects() -> None:
    steps: list[TurnTakingStep] = []
    recorded, plain = RecordedTurnTaking(AGENT, steps.append, transcribes=False), TurnTaking(AGENT, transcribes=False)
    recorded.holdable = False
    began, said = recorded.start(1.0), recorded.handle(TextEntered("hello", 1), 2.0)
    plain.holdable = False
    assert (began, said) == (plain.start(1.0), plain.handle(TextEntered("hello", 1), 2.0))
    assert steps == [
        TurnTakingStarted(agent=AGENT, transcribes=False, at=1.0, effects=tuple(began)),
        TurnTakingTold(event=TextEntered("hello", 1), at=2.0, holdable=False, effects=tuple(said)),
    ]


def test_a_resumption_is_told_with_the_state_before_it() -> None:
    steps: list[TurnTakingStep] = []
    state = TurnSnapshot(turn_number=4, waiting_text="and then?")
    recorded = RecordedTurnTaking(AGENT, steps.append, state=TurnSnapshot(turn_number=4, waiting_text="and then?"))
    effects = recorded.resume(5.0, 100.0, has_text=True)
    assert recorded.state != state
    assert steps == [
        TurnTakingResumed(
            agent=AGENT,
            transcribes=True,
            state=state,
            at=5.0,
            session_left_s=100.0,
            has_text=True,
            owes_answer=False,
            effects=tuple(effects),
        )
    ]


def test_an_event_at_which_the_rules_fail_is_told_and_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[TurnTakingStep] = []
    recorded = RecordedTurnTaking(AGENT, steps.append)
    recorded.start(1.0)

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(recorded, "_apply_rule", fail)
    with pytest.raises(ZeroDivisionError):
        recorded.handle(TextEntered("hello", 1), 2.0)
    assert steps[-1] == TurnTakingTold(event=TextEntered("hello", 1), at=2.0, holdable=True, error="ZeroDivisionError")


def test_what_is_no_event_of_turn_taking_is_not_told() -> None:
    steps: list[TurnTakingStep] = []
    recorded = RecordedTurnTaking(AGENT, steps.append)
    stray: Any = object()
    with pytest.raises(TypeError):
        recorded.handle(stray, 2.0)
    assert steps == []
