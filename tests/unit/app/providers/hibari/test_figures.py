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
        ("10x faster, 1.5x.", "10 times faster, 1.5 times."),
        ("~20 or ≈ 5, ≥18, ≤ 3", "about 20 or about 5, at least 18, at most 3"),
        ("120/80, 50/50, a 50-50 chance", "120 over 80, 50 50, a 50 50 chance"),
        ("rated 4.8/5", "rated 4.8 out of 5"),
        ("№ 5", "number 5"),
        ("24/7/365, ages 18+", "24 7, 365, ages 18 plus"),
        ("1'000.50", "1,000.50"),
    ],
)
def test_numbers(written: str, read: str) -> None:
    assert with_figures(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("20 €, 20€, 20 USD, EUR 5", "€20, €20, $20, €5"),
        ("-$5, $-5, $.99 + tax", "minus $5, minus $5, $0.99 plus tax"),
        (
            "US$50, C$1, CA$2.50, A$3 million",
            "$50, 1 Canadian dollar, 2.50 Canadian dollars, 3 million Australian dollars",
        ),
        ("NZ$5k and S$2M", "5 thousand New Zealand dollars and 2 million Singapore dollars"),
        ("$4bn, €2.5mn.", "$4 billion, €2.5 million"),
        ("$1.2k-$1.5k/mo, orders of $50+.", "$1.2k to $1.5k per month, orders of $50 or more."),
        ("99c, 50.- €, 5,- EUR", "99¢, €50, €5"),
        ("CHF 1, 30 CAD", "1 Swiss franc, 30 Canadian dollars"),
        ("$10-$20, $10-20", "10 to $20, 10 to $20"),
        ("$5/month, $20/hr, 10 mg/kg", "$5 per month, $20 per hour, 10 mg per kilogram"),
        ("at 17:00 for 9h", "at 5:00 PM for 9 hours"),
        ("100 m, 1 m, 500 g, 2 L, 1 h", "100 meters, 1 meter, 500 grams, 2 liters, 1 hour"),
        (
            "2 tsp, 1 tbsp. of it, 1/2 Tsp, 1½ tsp",
            "2 teaspoons, 1 tablespoon of it, 1/2 teaspoon, 1 and a half teaspoons",
        ),
        ("8 fl. oz., 1 qt, 3 gal", "8 fluid ounces., 1 quart, 3 gallons"),
        ("5h30m, 1h 15m, 2 h 1 min", "5 hours 30 minutes, 1 hour 15 minutes, 2 hours 1 minute"),
        ("5m 30s, a 15-min call, a 24-hr line", "5 minutes 30 seconds, a 15-minute call, a 24-hour line"),
        ("68°-72°F", "68 to 72°F"),
        ("5% - 10%, 5km-10km, 20°C - 25°C", "5% to 10%, 5km to 10km, 20°C to 25°C"),
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
        "16 pt",
        "12/12, 8/10, 2025/26",
        "a well-kept 24-hour 5-star place",
        "-5 degrees",
    ],
)
def test_figures_that_are_read_well_stay(text: str) -> None:
    assert with_ranges(with_figures(text)) == text
