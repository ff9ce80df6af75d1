"""Holidays by their names, as their next dates."""

from datetime import date

import pytest

from app.dialogue.holidays import Country, read_holiday

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


@pytest.mark.parametrize(
    ("country", "said", "day"),
    [
        ("CA", "thanksgiving", "2026-10-12"),
        ("CA", "labour day", "2026-09-07"),
        ("CA", "victoria day", "2027-05-24"),
        ("CA", "canada day", "2026-07-01"),
        ("GB", "august bank holiday", "2026-08-31"),
        ("GB", "may day", "2027-05-03"),
        ("GB", "boxing day", "2026-12-26"),
        ("IE", "august bank holiday", "2026-08-03"),
        ("IE", "st patrick's day", "2027-03-17"),
        ("AU", "king's birthday", "2026-06-08"),
        ("AU", "anzac day", "2027-04-25"),
        ("NZ", "king's birthday", "2027-06-07"),
        ("NZ", "labour day", "2026-10-26"),
    ],
)
def test_what_a_name_means_depends_on_the_country(country: Country, said: str, day: str) -> None:
    assert read_holiday(said.split(), 0, TODAY, country) == (day, len(said.split()))


@pytest.mark.parametrize(
    ("country", "said"),
    [("GB", "thanksgiving"), ("GB", "fourth of july"), ("US", "canada day"), ("AU", "memorial day")],
)
def test_the_holidays_of_another_country_are_none(country: Country, said: str) -> None:
    assert read_holiday(said.split(), 0, TODAY, country) is None


@pytest.mark.parametrize(("year", "day"), [(2022, "2022-05-23"), (2023, "2023-05-22"), (2026, "2026-05-18")])
def test_victoria_day_is_the_monday_before_the_twenty_fifth_of_may(year: int, day: str) -> None:
    assert read_holiday(["victoria", "day"], 0, date(year, 1, 1), "CA") == (day, 2)
