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
        ("tomorrow's", "2026-06-04"),
        ("wed", "2026-06-10"),
        ("sat the 13th", "2026-06-13"),
        ("last monday", "2026-06-01"),
        ("last wednesday", "2026-05-27"),
        ("monday week", "2026-06-15"),
        ("monday after next", "2026-06-15"),
        ("the first monday in july", "2026-07-06"),
        ("the last friday of the month", "2026-06-26"),
        ("the first monday of june", "2027-06-07"),
        ("15 june", "2026-06-15"),
        ("24 dec", "2026-12-24"),
        ("a week from tomorrow", "2026-06-11"),
    ],
)
def test_days(said: str, day: str) -> None:
    words = words_of(said)
    assert read_day(words, 0, TODAY, bare=True) == (day, len(words))


@pytest.mark.parametrize(
    "said",
    [
        *("the second one", "the first available", "soon", "the thirty first of june", "eight of us", "the eight", ""),
        *("fifteen", "the fifteen thirty", "the fifteen people", "the thirty two", "june thirty first"),
        *("february thirtieth", "the fifth monday in july", "last one"),
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


def test_no_day_is_read_in_the_rest_of_one_that_there_is_not() -> None:
    assert read_day(["thirty", "first", "of", "june"], 1, TODAY, bare=True) is None
    assert read_day(["february", "thirtieth"], 1, TODAY, bare=True) is None


def test_short_names_of_days_that_are_other_words_are_days_only_if_one_was_asked_for() -> None:
    assert read_day(["sat"], 0, TODAY) is None
    assert read_day(["tues"], 0, TODAY) == ("2026-06-09", 1)
    assert read_day(["two", "may", "come"], 0, TODAY) is None
