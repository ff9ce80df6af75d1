"""Which values a sentence mentions, and where."""

from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from app.dialogue.mentions import MentionReader
from app.dialogue.schema import Choice, ChoiceSlot, DaySlot, Dialogue, Intent, NameSlot, NumberSlot, Slot, TimeSlot

TODAY = date(2026, 6, 3)  # a Wednesday
READER = MentionReader(
    Dialogue(
        slots={
            "day": DaySlot(),
            "time": TimeSlot(),
            "room": ChoiceSlot(choices=(Choice("double", words=("double room", "two beds")), Choice("single"))),
            "name": NameSlot(answers=("my name is {name}",), samples=("Ann",)),
            "guests": NumberSlot(least=1, most=9),
        }
    )
)


def read(said: str, asked: str | None = None) -> dict[str, Any]:
    return {mention.slots[0]: mention.value for mention in READER.read(said.split(), TODAY, asked)}


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("tomorrow at ten a m", {"day": "2026-06-04", "time": "10:00"}),
        ("a double room please", {"room": "double"}),
        ("with two beds on friday", {"room": "double", "day": "2026-06-05"}),
        ("what do you offer", {}),
    ],
)
def test_values_are_found_wherever_they_are_said(said: str, found: dict[str, Any]) -> None:
    assert read(said) == found


def test_a_short_answer_is_read_as_what_was_asked_for() -> None:
    assert read("three", "guests") == {"guests": 3}
    assert read("three", "time") == {"time": "15:00"}
    assert read("ann", "name") == {"name": "Ann"}


def test_a_day_that_was_asked_for_is_not_taken_for_a_time() -> None:
    assert read("the fifteen", "day") == {"day": "2026-06-15"}
    assert read("the one forty five", "day") == {}
    assert read("the fifteenth at one forty five", "day") == {"day": "2026-06-15", "time": "13:45"}
    assert read("the one forty five", "time") == {"time": "13:45"}


def test_a_number_is_read_unasked_where_an_example_names_its_slot() -> None:
    slots: dict[str, Slot] = {
        "shelf": NumberSlot(least=1, most=99),
        "parcel": NumberSlot(least=1000, most=9999),
        "guests": NumberSlot(),
    }
    examples = ("what is on shelf {shelf}", "where is parcel {parcel}")
    reader = MentionReader(Dialogue(slots=slots, intents=(Intent(name="find", examples=examples),)))
    for said, found in (("4711", {"parcel": 4711}), ("four seven one one", {"parcel": 4711}), ("12", {"shelf": 12})):
        words = f"where is {said} please".split()
        mentions = reader.read(words, TODAY)
        assert {mention.slots[0]: mention.value for mention in mentions} == found
        assert reader.abstract(words, mentions) == ["where", "is", "{shelf}", "please"]
    assert reader.read(["12", "345"], TODAY, "guests")[0].slots == ("guests",)
    assert reader.read(["100"], TODAY) == []
    assert reader.abstract_example(examples[1])[-1] == "{shelf}"


def test_what_is_ruled_out_is_left_out_unless_nothing_else_is_said() -> None:
    assert read("not on friday but on monday") == {"day": "2026-06-08"}
    assert read("not on friday") == {"day": "2026-06-05"}


@pytest.mark.parametrize(
    ("said", "asked", "found"),
    [
        ("any day but thursday", "day", {"day": "2026-06-05"}),
        ("any day except on thursday", "day", {"day": "2026-06-05"}),
        ("every day but friday", "day", {"day": "2026-06-04"}),
        ("anything other than thursday or friday", "day", {"day": "2026-06-06"}),
        ("anything but thursday at ten a m", "day", {"day": "2026-06-05", "time": "10:00"}),
        ("any day but thursday", None, {}),
        ("monday or any day but thursday", "day", {"day": "2026-06-08"}),
        ("any time but ten a m", "time", {}),
        ("i work but friday is fine", "day", {"day": "2026-06-05"}),
        ("not on thursday", "day", {"day": "2026-06-05"}),
        ("preferably not thursday", "day", {"day": "2026-06-05"}),
        ("i can't do thursday", "day", {"day": "2026-06-05"}),
        ("i won't be able to make it on thursday", "day", {"day": "2026-06-05"}),
        ("thursday is bad", "day", {"day": "2026-06-05"}),
        ("thursday doesn't work for me", "day", {"day": "2026-06-05"}),
        ("thursday morning isn't good", "day", {"day": "2026-06-05"}),
        ("thursday is bad but friday is fine", "day", {"day": "2026-06-05"}),
        ("no friday", "day", {"day": "2026-06-05"}),
        ("friday is not bad", "day", {"day": "2026-06-05"}),
        ("i can't come on thursday", None, {"day": "2026-06-04"}),
    ],
)
def test_an_exception_is_no_wish(said: str, asked: str | None, found: dict[str, str]) -> None:
    assert read(said, asked) == found


def test_mentions_are_in_order_and_do_not_overlap() -> None:
    found = READER.read(["tomorrow", "at", "ten", "a", "m", "in", "a", "double", "room"], TODAY)
    assert [mention.slots[0] for mention in found] == ["day", "time", "room"]
    assert all(one.end <= next_.start for one, next_ in pairwise(found))
