"""The page about turn-taking says what the tables say."""

import re
from collections.abc import Mapping
from enum import StrEnum

import pytest

from actors.messages.lifecycle import Timer
from actors.rules.transcription import WAITS
from actors.rules.turn_taking.state import (
    AGENT_CHANGES,
    CALLER_CHANGES,
    COURSE_CHANGES,
    FINAL_CHANGES,
    INTERRUPTION_CHANGES,
    PREEMPTION_CHANGES,
)
from tests.kit.turn_taking_diagram import PAGE, page

CHANGES = (AGENT_CHANGES, CALLER_CHANGES, INTERRUPTION_CHANGES, PREEMPTION_CHANGES, FINAL_CHANGES, COURSE_CHANGES)
TAKING_TURNS, LISTENING = page().split("## Waits of a session that only listens")


def test_the_page_is_not_stale() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run make diagrams"


@pytest.mark.parametrize("changes", CHANGES)
def test_each_change_of_a_table_is_an_arrow_and_there_are_no_others(
    changes: Mapping[StrEnum, Mapping[StrEnum, str]],
) -> None:
    states = {str(state) for state in changes}
    arrows = re.findall(r"^    (\w+) --> (\w+): .+$", page(), re.MULTILINE)
    drawn = {(now, then) for now, then in arrows if now in states and then in states}
    assert drawn == {(str(now), str(then)) for now, ways in changes.items() for then in ways}


def test_each_timer_has_its_row() -> None:
    rows = re.findall(r"^\| (\w+) \|", TAKING_TURNS, re.MULTILINE)
    assert sorted(rows) == sorted(["timer", *map(str, Timer)])


def test_each_wait_of_a_session_that_only_listens_has_its_row() -> None:
    rows = re.findall(r"^\| ([^|]+) \|", LISTENING, re.MULTILINE)
    assert rows == ["awaited", "---", *(wait.awaited for wait in WAITS)]


def test_no_reason_breaks_the_diagram() -> None:
    for line in page().splitlines():
        if " --> " in line:
            assert line.count(":") <= 1
            assert ";" not in line
