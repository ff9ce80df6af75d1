"""The tables of what may change: they are whole, and no state is a trap."""

from collections.abc import Mapping
from enum import StrEnum

import pytest

from actors.rules.turn_taking.state import (
    AGENT_CHANGES,
    CALLER_CHANGES,
    INTERRUPTION_CHANGES,
    AgentActivity,
    CallerActivity,
    Interruption,
    Timings,
)

TABLES = [
    (AgentActivity, AGENT_CHANGES, {AgentActivity.LEAVING}),
    (CallerActivity, CALLER_CHANGES, set[StrEnum]()),
    (Interruption, INTERRUPTION_CHANGES, set[StrEnum]()),
]


@pytest.mark.parametrize(("states", "changes", "last"), TABLES)
def test_each_state_is_in_its_table_and_can_be_reached_and_left(
    states: type[StrEnum], changes: Mapping[StrEnum, Mapping[StrEnum, str]], last: set[StrEnum]
) -> None:
    assert list(changes) == list(states)
    assert {then for ways in changes.values() for then in ways} == set(states)
    assert {state for state, ways in changes.items() if not ways} == last
    assert all(reason for ways in changes.values() for reason in ways.values())


def test_times_are_shown_in_ms_and_only_those_that_are_known() -> None:
    timings = Timings(asked_at=10.0, first_audio_at=10.25, onset_at=12.0, decided_at=12.4)
    shown = timings.shown(3, 12.5)
    assert shown.first_audio_ms == pytest.approx(250)
    assert shown.onset_to_pause_ms is None
    assert shown.onset_to_decision_ms == pytest.approx(400)
    assert shown.decision_to_silence_ms == pytest.approx(100)
    assert not Timings(asked_at=10.0).is_worth_showing
