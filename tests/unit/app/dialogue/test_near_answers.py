"""What an answer that was misheard may have been, by the slot that was asked for."""

import time
from datetime import date

import pytest

from app.dialogue.near_answers import DAYS_AHEAD, MAX_WORDS, NearAnswers
from app.dialogue.schema import Choice, ChoiceSlot, DaySlot, Dialogue, NameSlot, TimeSlot

TODAY = date(2026, 6, 3)
"""A Wednesday."""
TIMES = ("08:00", "09:30", "12:00", "16:00")
NEAR = NearAnswers(
    Dialogue(
        slots={
            "day": DaySlot(answers=("i'd like {day}", "{day} would be great")),
            "time": TimeSlot(),
            "what": ChoiceSlot(
                choices=(Choice("check_up", "a check-up", ("examination",)), Choice("filling"), Choice("cleaning"))
            ),
            "name": NameSlot(),
        }
    )
)


def values(text: str, asked: str, among: tuple[str, ...] = ()) -> list[object]:
    return [guess.value for guess in NEAR.guesses(text.split(), asked, TODAY, among)]


@pytest.mark.parametrize(
    ("heard", "asked", "among", "meant"),
    [
        ("i'd like to maru", "day", (), "2026-06-04"),
        ("on the age of june please", "day", (), "2026-06-08"),
        ("next when say", "day", (), "2026-06-10"),
        ("i would take my thirty", "time", TIMES, "09:30"),
        ("half passed gnine", "time", TIMES, "09:30"),
        ("the feeling please", "what", (), "filling"),
        ("a shack up", "what", (), "check_up"),
        ("for a clean in", "what", (), "cleaning"),
    ],
)
def test_a_value_is_found_in_what_sounds_like_it(heard: str, asked: str, among: tuple[str, ...], meant: str) -> None:
    assert values(heard, asked, among) == [meant]


@pytest.mark.parametrize(
    "text",
    [
        "i don't know",
        "none of these",
        "hold on a moment",
        "let me check my calendar",
        "one second please",
        "can you play some music for me",
        "it depends",
        "something else please",
        "who is this",
        "not that day",
        "never",
        "",
    ],
)
@pytest.mark.parametrize(("asked", "among"), [("day", ()), ("time", TIMES), ("what", ()), ("name", ())])
def test_what_is_no_answer_sounds_like_none(text: str, asked: str, among: tuple[str, ...]) -> None:
    assert values(text, asked, among) == []


def test_what_sounds_like_two_values_may_be_either() -> None:
    assert sorted(map(str, values("on the mind of june", "day"))) == ["2026-06-08", "2026-06-09"]
    assert values("on the mind of june", "day", ("2026-06-09",)) == ["2026-06-09"]


def test_times_are_only_those_that_there_are() -> None:
    assert values("my thirty", "time") == []


def test_days_are_the_next_ones() -> None:
    assert values("the age of june", "day") == ["2026-06-08"]
    assert values("the age of december", "day") == []
    assert DAYS_AHEAD < 60


@pytest.mark.parametrize("words", [MAX_WORDS, MAX_WORDS + 1, 6_000])
def test_looking_takes_milliseconds_however_much_is_said(words: int) -> None:
    text = ["my", "to", "zorblax"] * words
    NEAR.guesses(text[:words], "day", TODAY)
    began = time.thread_time()
    NEAR.guesses(text[:words], "day", TODAY)
    assert time.thread_time() - began < 0.1
