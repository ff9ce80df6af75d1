"""Relatives, persons called by a title, and sentences that go on with what was spoken of."""

import pytest

from app.dialogue.people import is_follow_up, read_person, read_relative, wants_the_same


@pytest.mark.parametrize(
    ("said", "whom"),
    [
        ("my daughter broke a tooth", "daughter"),
        ("it is for my little girl", "girl"),
        ("our two older boys need it", ""),
        ("our oldest son", "son"),
        ("my daughter's tooth", "daughter"),
        ("my son and my wife", "son"),
        ("my tooth hurts and my wife says so", "wife"),
        ("my friend", "friend"),
        ("my appointment", ""),
        ("the mother of", ""),
        ("my", ""),
    ],
)
def test_the_first_relative_that_belongs_to_the_caller_is_meant(said: str, whom: str) -> None:
    assert read_relative(said.split()) == whom


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        ("doctor patel there", 2),
        ("dr o'neil", 0),
        ("mrs chen", 2),
        ("doctor appointment", 0),
        ("doctor please", 0),
        ("doctor", 0),
        ("doctor five", 0),
        ("patel doctor", 0),
        ("doctor smith's", 2),
    ],
)
def test_a_title_and_a_word_that_is_nothing_else_call_a_person(said: str, taken: int) -> None:
    assert read_person(said.split(), 0, {"appointment"}) == taken


@pytest.mark.parametrize(
    ("said", "goes_on", "same"),
    [
        ("and my wife at three", True, False),
        ("what about sunday", True, False),
        ("the same for my son", True, True),
        ("my husband too", True, True),
        ("for my mother as well", True, True),
        ("one more for my cousin", True, False),
        ("my wife at three", False, False),
        ("", False, False),
    ],
)
def test_a_sentence_goes_on_by_its_beginning_or_its_end(said: str, goes_on: bool, same: bool) -> None:
    assert (is_follow_up(said.split()), wants_the_same(said.split())) == (goes_on, same)
