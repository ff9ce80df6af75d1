"""Figures written in the way that they are read well, and those that are left alone."""

# ruff: noqa: RUF001 - other blanks and dashes are meant

import pytest

from app.providers.hibari.figures import with_figures, with_ranges


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1 234 567 people", "1,234,567 people"),
        ("12\u202f345 or 1'234'567", "12,345 or 1,234,567"),
        ("1.000.000 and €1.250,50", "1,000,000 and €1,250.50"),
        ("1,5 hours", "1.5 hours"),
        ("2 1/2 cups, 1½ spoons, 3 3/8", "2 and a half cups, 1 and a half spoons, 3 and 3/8"),
        ("10:1, 24/7, 3 x 4", "10 to 1, 24 7, 3 by 4"),
        ("2x/day, 3x a day", "2 times per day, 3 times a day"),
    ],
)
def test_numbers(written: str, read: str) -> None:
    assert with_figures(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("at 17:00, 16:30 or 12:15", "at 5:00 PM, 4:30 PM or 12:15"),
        ("at 00:15 and 00:00", "at 12:15 AM and midnight"),
        ("at 17:00 hours", "at 5:00 PM"),
        ("at 14h30, 8 h 15 or 9h", "at 2:30 PM, 8:15 or 9 hours"),
        ("at 9h, until 18h", "at 9:00, until 6:00 PM"),
        ("9h-17h, 9h30 to 18h", "9:00 to 5:00 PM, 9:30 to 6:00 PM"),
        ("um 14.30 Uhr, 14 Uhr, 9 Uhr", "um 2:30 PM, 2:00 PM, 9:00"),
        ("28.11.2026, 11-28-2026", "2026-11-28, 2026-11-28"),
        ("2026-11-28T17:00:00Z", "2026-11-28 at 5:00 PM"),
        ("on 1/2 or by 12/24", "on January 2 or by December 24"),
        ("on Tue, Dec 1", "on Tuesday, Dec 1"),
        ("Mon-Fri, Sat 9:00, Sun closed", "Monday to Friday, Saturday 9:00, Sunday closed"),
        ("Monday - Friday, Jan-Mar, Feb 2026", "Monday to Friday, January to March, February 2026"),
    ],
)
def test_dates_and_times(written: str, read: str) -> None:
    assert with_figures(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("20 €, 20€, 20 USD, EUR 5", "€20, €20, $20, €5"),
        ("CHF 1, 30 CAD", "1 Swiss franc, 30 Canadian dollars"),
        ("$10-$20, $10-20", "10 to $20, 10 to $20"),
        ("$5/month, $20/hr, 10 mg/kg", "$5 per month, $20 per hour, 10 mg per kilogram"),
        ("100 m, 1 m, 500 g, 2 L, 1 h", "100 meters, 1 meter, 500 grams, 2 liters, 1 hour"),
        (
            "2 tsp, 1 tbsp. of it, 1/2 Tsp, 1½ tsp",
            "2 teaspoons, 1 tablespoon of it, 1/2 teaspoon, 1 and a half teaspoons",
        ),
        ("8 fl. oz., 1 qt, 3 gal", "8 fluid ounces., 1 quart, 3 gallons"),
        ("60W, 12V, 5'10\"", "60 watts, 12 volts, 5 foot 10"),
        ("a 60W lamp of 1V uses 60W of it", "a 60 watt lamp of 1 volt uses 60 watts of it"),
    ],
)
def test_money_and_measures(written: str, read: str) -> None:
    assert with_figures(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("We are open 9-5.", "We are open 9 to 5."),
        ("from 2025-2026, 2–3 weeks", "from 2025 to 2026, 2 to 3 weeks"),
        ("9am-5pm", "9 A.M. to 5 P.M."),
        ("9:00 am - 5:30 pm", "9:00 am to 5:30 pm"),
        ("10 a.m. - noon, 6:00 PM-midnight", "10 A.M. to noon, 6:00 PM to midnight"),
        ("We close at 5 pm.", "We close at 5 P.M."),
        ("3rd-5th", "3rd to 5th"),
        ("5 - 3 = 2", "5 minus 3 = 2"),
    ],
)
def test_ranges(written: str, read: str) -> None:
    assert with_ranges(written) == read


@pytest.mark.parametrize(
    "text",
    [
        "1,234,567 or 3.5 or 1,234.50",
        "at 2:30 PM, 5:30 pm, 9:00 or 08:05",
        "$1,250.50 and 5%",
        "12/01/2026, 2026-11-28",
        "31.31.2026, on 13/32",
        "The sun sat on Wed.",
        "It has grown by 1/2.",
        "1/2 a cup, rooms 1, 5 and 7",
        "1.5 hours, I am 5",
        "5h30m, 16 pt",
        "a well-kept 24-hour 5-star place",
        "-5 degrees",
    ],
)
def test_figures_that_are_read_well_stay(text: str) -> None:
    assert with_ranges(with_figures(text)) == text
