"""How alike texts sound, by their spelling alone."""

import pytest

from app.dialogue.sounds import MAX_SOUNDS, alike, sounds_of, sounds_of_word
from tests.kit.growth import growth


def likeness(first: str, second: str) -> float:
    return alike(sounds_of(first.split()), sounds_of(second.split()))


@pytest.mark.parametrize(
    ("said", "heard", "other"),
    [
        ("tomorrow", "to maru", "monday"),
        ("nine thirty", "my thirty", "ten thirty"),
        ("a filling", "a feeling", "a cleaning"),
        ("the eighth of june", "the age of june", "the fifth of june"),
        ("four o'clock", "for a clock", "five o'clock"),
        ("appointment", "a point man", "apartment block"),
    ],
)
def test_what_recognizers_write_sounds_more_like_what_was_said_than_like_another_value(
    said: str, heard: str, other: str
) -> None:
    assert likeness(said, heard) > 0.8
    assert likeness(said, heard) > likeness(other, heard)


def test_the_same_sounds_may_be_spelt_in_several_ways() -> None:
    assert sounds_of_word("eight") == sounds_of_word("ate")
    assert sounds_of_word("phone") == sounds_of_word("foan")
    assert sounds_of(["o'clock"]) == sounds_of_word("oclock")


def test_likeness_is_the_same_both_ways() -> None:
    assert likeness("tuesday", "thursday") == pytest.approx(likeness("thursday", "tuesday"))
    assert likeness("noon", "noon") == 1.0
    assert likeness("noon", "strawberry") < 0.5


@pytest.mark.parametrize("text", ["", "...", "123"])
def test_what_has_no_sounds_is_like_nothing(text: str) -> None:
    assert sounds_of(text.split()) == ""
    assert alike(sounds_of(text.split()), "nUn") == 0.0


def test_comparing_costs_no_more_however_long_a_text_is() -> None:
    assert len(sounds_of(["zorblax"] * 1_000)) == MAX_SOUNDS
    assert growth(lambda times: likeness("tomorrow", "strawberry " * times), 10, times=16) < 32
