"""Dates and times of day, written in the way that they are read well, and those that are left alone."""

# ruff: noqa: RUF001 - other dashes and apostrophes are meant

import pytest

from app.providers.hibari.dates import with_dates


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("at 17:00, 16:30 or 12:15", "at 5:00 PM, 4:30 PM or 12:15"),
        ("at 00:15 and 00:00", "at 12:15 AM and midnight"),
        ("at 17:00 hours", "at 5:00 PM"),
        ("at 14h30, 8 h 15 or 9h", "at 2:30 PM, 8:15 or 9h"),
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
    assert with_dates(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026/12/03, 2026/1/9", "2026-12-03, 2026-01-09"),
        ("3-Dec-2026, 03-NOV-26, 1-Jan-99", "3 December 2026, 03 November 2026, 1 January 1999"),
        ("12/2026", "December 2026"),
        ("Dec '26, Nov. ’99", "December 2026, November 1999"),
        ("exp 12/27, exp. date: 01/30", "exp December 2027, exp. date: January 2030"),
        ("Dec 24-26, March 1st - 3rd, Jan 20-22", "Dec 24 to 26th, March 1 to 3rd, Jan 20 to 22nd"),
        ("the 11-13 May, 24th–26th of Dec", "the 11th to the 13th of May, the 24th to the 26th of December"),
        ("Dec 24th - Jan 2nd", "Dec 24th to Jan 2nd"),
        ("Dec 24, 2026 – January 2", "Dec 24, 2026 to January 2"),
        ("It ships 12/4.", "It ships December 4."),
        ("12/24 - 12/26, 1/2-1/5", "12/24 to 12/26, 1/2 to 1/5"),
    ],
)
def test_other_ways_to_write_dates(written: str, read: str) -> None:
    assert with_dates(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("at 8.30 am or 5.30pm", "at 8:30 am or 5:30pm"),
        ("8.30-17.30", "08:30 to 5:30 PM"),
        ("We are open 8.00 – 12.30, daily.", "We are open 08:00 to 12:30, daily."),
        ("0900-1700, from 0830 to 1200", "09:00 to 5:00 PM, from 08:30 to 12:00"),
        ("at 0930, until 0615", "at 09:30, until 06:15"),
        ("at 0:30 and until 0:00", "at 12:30 AM and until midnight"),
        ("departs 6:05A or 7:10 p", "departs 6:05 AM or 7:10 PM"),
        ("at 13:00h", "at 1:00 PM"),
        ("5 PM GMT-5, UTC + 2", "5 PM GMT minus 5, UTC plus 2"),
    ],
)
def test_other_ways_to_write_times(written: str, read: str) -> None:
    assert with_dates(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Mon, Wed, Fri", "Monday, Wednesday, Friday"),
        ("Mon & Wed, or Sat and Sun", "Monday & Wednesday, or Saturday and Sunday"),
        ("Sat, ", "Saturday, "),
        ("Mon: 9 to 5, Sat/Sun: closed", "Monday: 9 to 5, Saturday/Sunday: closed"),
        ("every Wed or next Sat", "every Wednesday or next Saturday"),
        ("7am to 7pm M–F; 9 to 5", "7am to 7pm Monday to Friday; 9 to 5"),
        ("M-F 9 to 5, Mo-Fr: 8, Sa.-So.", "Monday to Friday 9 to 5, Monday to Friday: 8, Sa.-So."),
        ("in Dec or Nov, by Jan, next Mar", "in December or November, by January, next March"),
    ],
)
def test_names_of_days_and_months(written: str, read: str) -> None:
    assert with_dates(written) == read


@pytest.mark.parametrize(
    "text",
    [
        "31.31.2026, 2026/13/01, on 13/32",
        "The sun sat on Wed.",
        "We sat and the sun set; Sun Li met Jan and Mar Tin.",
        "1.50-2.50 m, $1.50-2.50",
        "May 5, 10-12 people; Dec 3 9-5, March 5-10 pm",
        "5-10 people may come",
        "In 0930 cases, code 0900",
        "rooms 12/2, 5/26",
        "It has grown by 2/3.",
        "the 1990-2000 season",
        "GMT",
    ],
)
def test_what_is_no_date_stays(text: str) -> None:
    assert with_dates(text) == text
