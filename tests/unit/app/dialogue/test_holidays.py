"""Holidays by their names, as their next dates."""

from datetime import date

import pytest

from app.dialogue.holidays import read_holiday

TODAY = date(2026, 6, 3)


@pytest.mark.parametrize(
    ("said", "day", "taken"),
    [
        ("christmas", "2026-12-25", 1),
        ("christmas eve", "2026-12-24", 2),
        ("new year's day", "2027-01-01", 3),
        ("thanksgiving", "2026-11-26", 1),
        ("labor day please", "2026-09-07", 2),
        ("memorial day", "2027-05-31", 2),
        ("presidents day", "2027-02-15", 2),
        ("easter monday", "2027-03-29", 2),
        ("good friday", "2027-03-26", 2),
        ("the fourth of july", "2026-07-04", 4),
    ],
)
def test_the_next_one_is_meant(said: str, day: str, taken: int) -> None:
    assert read_holiday(said.split(), 0, TODAY) == (day, taken)


@pytest.mark.parametrize(("year", "day"), [(2024, "2024-03-31"), (2025, "2025-04-20"), (2038, "2038-04-25")])
def test_easter_is_where_the_calendar_has_it(year: int, day: str) -> None:
    assert read_holiday(["easter"], 0, date(year, 1, 1)) == (day, 1)


def test_a_holiday_that_is_today_is_meant_and_december_ends_in_its_year() -> None:
    assert read_holiday(["christmas"], 0, date(2026, 12, 25)) == ("2026-12-25", 1)
    assert read_holiday(["christmas"], 0, date(2026, 12, 26)) == ("2027-12-25", 1)


@pytest.mark.parametrize("said", ["new", "labor", "good morning", "friday", "day"])
def test_other_words_are_none(said: str) -> None:
    assert read_holiday(said.split(), 0, TODAY) is None
