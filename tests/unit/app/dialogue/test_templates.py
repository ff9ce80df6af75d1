"""Values are said, not spelt as they are stored."""

from typing import Any

import pytest

from app.dialogue.schema import CallStep, Choice, ChoiceSlot, Dialogue
from app.dialogue.templates import Wording, arguments_of, say

WORDING = Wording(
    Dialogue(slots={"room": ChoiceSlot(choices=(Choice("double_room"), Choice("single", say="a room for one")))})
)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (12, "twelve"),
        ("14:30", "two thirty"),
        ("plain", "plain"),
        (["14:30"], "two thirty"),
        (["a", "b", "c"], "a, b and c"),
        ([], "[]"),
    ],
)
def test_a_stored_value_in_words(value: Any, said: str) -> None:
    assert said in say(value)
    assert bool(say(value)) is bool(said)


def test_a_day_is_said_by_its_name() -> None:
    assert "Wednesday" in say("2026-06-03")
    assert "2026" not in say("2026-06-03")


def test_placeholders_are_filled_and_one_without_a_value_leaves_no_gap() -> None:
    assert WORDING.fill("So {room}, {when}?", {"room": "double_room"}) == "So double room,?"
    assert WORDING.fill("{room} it is.", {"room": "single"}) == "a room for one it is."
    assert WORDING.fill("{count} {thing}.", {"count": 2}) == "two."


def test_arguments_of_a_call_are_the_values_that_there_are() -> None:
    step = CallStep("book", {"day": "{day}", "time": "{time}", "kind": "visit", "urgent": True})
    assert arguments_of(step, {"day": "2026-06-03"}) == '{"day":"2026-06-03","kind":"visit","urgent":true}'
    assert arguments_of(step, {"day": "2026-06-03", "time": "09:00"}, frozenset({"day"})) == (
        '{"kind":"visit","time":"09:00","urgent":true}'
    )
