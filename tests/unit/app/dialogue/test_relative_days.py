"""Days that are counted from another. Today is Wednesday, the third of June 2026."""

from datetime import date

import pytest

from app.dialogue.relative_days import Found, read_relative_day
from app.dialogue.spoken_days import read_day

TODAY = date(2026, 6, 3)


def read(said: str, *, bare: bool = True) -> Found | None:
    return read_relative_day(said.split(), TODAY, lambda words: read_day(words, 0, TODAY, bare=True), bare=bare)


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("yesterday", "2026-06-02"),
        ("the day before yesterday", "2026-06-01"),
        ("last week", "2026-05-27"),
        ("last month", "2026-05-04"),
        ("three days ago", "2026-05-31"),
        ("in two weeks", "2026-06-17"),
        ("in two weeks time", "2026-06-17"),
        ("two weeks from now", "2026-06-17"),
        ("a week from monday", "2026-06-15"),
        ("a week on tuesday", "2026-06-16"),
        ("two days after the fifteenth", "2026-06-17"),
        ("in a couple of days", "2026-06-05"),
        ("in a few days", "2026-06-06"),
        ("a fortnight from today", "2026-06-17"),
    ],
)
@pytest.mark.parametrize("bare", [True, False])
def test_days_that_are_counted(said: str, day: str, *, bare: bool) -> None:
    assert read(said, bare=bare) == (day, len(said.split()))


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("next week", "2026-06-08"),
        ("the week after next", "2026-06-15"),
        ("the middle of next week", "2026-06-10"),
        ("end of next week", "2026-06-12"),
        ("next month", "2026-07-01"),
        ("the end of next month", "2026-07-31"),
        ("this week", "2026-06-04"),
        ("later this week", "2026-06-04"),
        ("this weekend", "2026-06-06"),
        ("the end of the week", "2026-06-05"),
        ("the end of the month", "2026-06-30"),
    ],
)
def test_a_week_or_a_month_is_a_day_only_if_one_was_asked_for(said: str, day: str) -> None:
    assert read(said) == (day, len(said.split()))
    assert read(said, bare=False) is None


@pytest.mark.parametrize(
    "said", ["", "in", "a", "a couple", "in two minutes", "two weeks", "a week from nowhere", "week"]
)
def test_what_is_no_day(said: str) -> None:
    assert read(said) is None
