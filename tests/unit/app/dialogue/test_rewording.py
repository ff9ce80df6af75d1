"""Words as the examples have them."""

import pytest

from app.dialogue.rewording import as_heard, as_one, without_refused_days


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("know it is", "no it is"),
        ("to a clock please", "two o'clock please"),
        ("for o'clock", "four o'clock"),
        ("", ""),
    ],
)
def test_what_sounds_the_same(said: str, meant: str) -> None:
    assert as_heard(said.split()) == meant.split()


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("i need two appointments", "i need an appointments"),
        ("three fillings", "a fillings"),
        ("two of us", "two of us"),
        ("at two", "at two"),
        ("", ""),
    ],
)
def test_several_of_a_thing_are_about_that_thing(said: str, meant: str) -> None:
    assert as_one(said.split()) == meant.split()


def test_a_day_that_is_refused_beside_another_is_left_out() -> None:
    assert without_refused_days(["on", "{day}", "not", "friday"]) == ["on", "{day}"]
    assert without_refused_days(["not", "friday"]) == ["not", "friday"]
