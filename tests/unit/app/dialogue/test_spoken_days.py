"""Days as people say them. Today is Wednesday, the third of June 2026."""

from datetime import date, timedelta

import pytest

from app.dialogue.spoken_days import read_day, say_day
from app.dialogue.words import words_of

TODAY = date(2026, 6, 3)


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("today", "2026-06-03"),
        ("tomorrow", "2026-06-04"),
        ("the tent of june", "2026-06-10"),
        ("the forth of july", "2026-07-04"),
        ("the day after tomorrow", "2026-06-05"),
        ("thursday", "2026-06-04"),
        ("wednesday", "2026-06-10"),
        ("fridays", "2026-06-05"),
        ("this friday", "2026-06-05"),
        ("next friday", "2026-06-12"),
        ("next monday", "2026-06-08"),
        ("monday next week", "2026-06-08"),
        ("next week on tuesday", "2026-06-09"),
        ("monday the eighth", "2026-06-08"),
        ("in two weeks", "2026-06-17"),
        ("in a week", "2026-06-10"),
        ("a week from today", "2026-06-10"),
        ("the third of june", "2026-06-03"),
        ("june the twenty first", "2026-06-21"),
        ("june thirtieth", "2026-06-30"),
        ("july 4", "2026-07-04"),
        ("12th of june", "2026-06-12"),
        ("the eight of june", "2026-06-08"),
        ("twenty five of june", "2026-06-25"),
        ("the second of june", "2027-06-02"),
        ("the twenty ninth of february", "2028-02-29"),
        ("the fifteenth", "2026-06-15"),
        ("the second", "2026-07-02"),
        ("the fifteen", "2026-06-15"),
        ("the twenty one", "2026-06-21"),
    ],
)
def test_days(said: str, day: str) -> None:
    words = words_of(said)
    assert read_day(words, 0, TODAY, bare=True) == (day, len(words))


@pytest.mark.parametrize(
    "said",
    [
        *("the second one", "the first available", "soon", "the thirty first of june", "eight of us", "the eight", ""),
        *("fifteen", "the fifteen thirty", "the fifteen people", "the thirty two"),
    ],
)
def test_what_is_no_day(said: str) -> None:
    assert read_day(words_of(said), 0, TODAY, bare=True) is None


def test_a_small_ordinal_is_a_day_only_if_one_was_asked_for() -> None:
    assert read_day(["the", "second"], 0, TODAY) is None
    assert read_day(["the", "twelfth"], 0, TODAY) == ("2026-06-12", 2)


def test_an_ordinal_without_its_end_is_a_day_only_if_one_was_asked_for() -> None:
    assert read_day(["the", "fifteen"], 0, TODAY) is None
    assert read_day(["the", "fifteen", "please"], 0, TODAY, bare=True) == ("2026-06-15", 2)


def test_a_day_that_is_said_is_read_back() -> None:
    for ahead in range(1, 365):
        day = TODAY + timedelta(days=ahead)
        words = words_of(say_day(day))
        assert read_day(words, 0, TODAY) == (day.isoformat(), len(words))
