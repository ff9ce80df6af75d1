"""What is left of a sentence when what its caller takes back is left out."""

from datetime import date

import pytest

from app.dialogue.corrections import without_what_is_taken_back
from app.dialogue.mentions import Mention, MentionReader
from app.dialogue.words import words_of
from tests.eval.text import dialogue

TODAY = date(2026, 6, 3)
READER = MentionReader(dialogue())


def meant(said: str, *, is_of_two: bool = False) -> str:
    def is_name(mention: Mention) -> bool:
        return "name" in mention.slots

    words = words_of(said)
    found = without_what_is_taken_back(words, lambda each: READER.found(each, TODAY), lambda _: is_of_two, is_name)
    return " ".join(found)


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("Friday, no, Thursday", "thursday"),
        ("on Friday, sorry, I meant Thursday, for a filling", "thursday for a filling"),
        ("Friday scratch that Thursday", "thursday"),
        ("Friday oops Thursday", "thursday"),
        ("Friday, or no, make it Thursday", "thursday"),
        ("on Friday at ten, actually Thursday", "at ten thursday"),
        ("on Friday at ten no eleven", "on friday at eleven"),
        ("a filling, no, a cleaning on Monday", "a cleaning on monday"),
        ("Monday no Tuesday no Friday", "friday"),
        ("Thursday instead of Friday", "thursday"),
        ("rather Friday than Thursday", "rather friday"),
        ("Monday or Tuesday", "monday"),
        ("Monday, not Tuesday", "monday"),
        ("my name is Ida, not Bob", "no my name is ida"),
        ("Monday to Friday", "monday to friday"),
        ("Friday is fine but not Thursday", "friday is fine but not thursday"),
        ("no, Tuesday", "no tuesday"),
        ("at ten please and no milk", "at ten please and no milk"),
        ("", ""),
    ],
)
def test_what_is_taken_back_is_left_out(said: str, left: str) -> None:
    assert meant(said) == left


@pytest.mark.parametrize("said", ["friday instead of monday", "rather friday than monday"])
def test_where_two_may_be_meant_both_count(said: str) -> None:
    assert meant(said, is_of_two=True) == said


def test_of_two_possibilities_the_first_counts_in_any_case() -> None:
    assert meant("on the twelfth or the fifteenth", is_of_two=True) == "on the twelfth"


def test_a_correction_counts_where_two_may_be_meant_as_well() -> None:
    assert meant("from monday no tuesday to friday", is_of_two=True) == "from tuesday to friday"
