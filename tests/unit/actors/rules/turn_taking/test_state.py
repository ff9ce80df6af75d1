"""The tables of what may change: they are whole, and no state is a trap."""

from collections.abc import Mapping
from enum import StrEnum

import pytest

from actors.rules.turn_taking.state import (
    AGENT_CHANGES,
    CALLER_CHANGES,
    COURSE_CHANGES,
    FINAL_CHANGES,
    INTERRUPTION_CHANGES,
    PREEMPTION_CHANGES,
    AgentActivity,
    CallerActivity,
    Course,
    Interruption,
    OwedFinal,
    Preemption,
)

TABLES = [
    (AgentActivity, AGENT_CHANGES, {AgentActivity.LEAVING}),
    (CallerActivity, CALLER_CHANGES, set[StrEnum]()),
    (Interruption, INTERRUPTION_CHANGES, set[StrEnum]()),
    (Preemption, PREEMPTION_CHANGES, set[StrEnum]()),
    (OwedFinal, FINAL_CHANGES, set[StrEnum]()),
    (Course, COURSE_CHANGES, {Course.OVER}),
]


@pytest.mark.parametrize(("states", "changes", "last"), TABLES)
def test_each_state_is_in_its_table_and_can_be_reached_and_left(
    states: type[StrEnum], changes: Mapping[StrEnum, Mapping[StrEnum, str]], last: set[StrEnum]
) -> None:
    assert list(changes) == list(states)
    first = next(iter(states))
    assert {first, *(then for ways in changes.values() for then in ways)} == set(states)
    assert {state for state, ways in changes.items() if not ways} == last
    assert all(reason for ways in changes.values() for reason in ways.values())
