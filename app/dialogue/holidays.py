"""Public holidays as callers of a business in one country name them. Pure; today is an argument.

A table instead of a package: what is needed are the names as they are said, of which calendars have none. The keyless
engine hears English alone, so it has the countries in which that is spoken.
"""

from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from typing import Literal

Found = tuple[str, int]
"""A date in ISO 8601, and how many words were read for it."""

Country = Literal["US", "CA", "GB", "IE", "AU", "NZ"]
"""A country whose holidays are known, by its ISO 3166 code."""

HOLIDAY = "holiday"
"""The placeholder `{holiday}` in the examples of an intent: the name of a day for which business hours may not hold."""

MONDAY, THURSDAY = 0, 3


def _fixed(month: int, day: int) -> Callable[[int], date]:
    return lambda year: date(year, month, day)


def _weekday(month: int, weekday: int, number: int) -> Callable[[int], date]:
    """The `number`-th such weekday of a month; -1: the last one."""

    def of(year: int) -> date:
        if number > 0:
            first = date(year, month, 1)
            return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (number - 1))
        last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
        return last - timedelta(days=(last.weekday() - weekday) % 7)

    return of


def _weekday_before(month: int, weekday: int, day: int) -> Callable[[int], date]:
    """The last such weekday before a day of a month."""

    def of(year: int) -> date:
        eve = date(year, month, day) - timedelta(days=1)
        return eve - timedelta(days=(eve.weekday() - weekday) % 7)

    return of


def _easter(later_days: int = 0) -> Callable[[int], date]:
    """Easter Sunday of the Gregorian calendar, by the algorithm of Meeus, Jones and Butcher, or some days later."""

    def of(year: int) -> date:
        century, in_century = divmod(year, 100)
        leaps, rest = divmod(century, 4)
        correction = (century - (century + 8) // 25 + 1) // 3
        epact = (19 * (year % 19) + century - leaps - correction + 15) % 30
        quarter, remainder = divmod(in_century, 4)
        sunday = (32 + 2 * rest + 2 * quarter - epact - remainder) % 7
        shift = (year % 19 + 11 * epact + 22 * sunday) // 451
        month, day = divmod(epact + sunday - 7 * shift + 114, 31)
        return date(year, month, day + 1) + timedelta(days=later_days)

    return of


Rule = Callable[[int], date]
"""Computes the date of a holiday in a year."""

_EVERYWHERE: dict[str, Rule] = {
    "new year's day": _fixed(1, 1),
    "new years day": _fixed(1, 1),
    "new year's eve": _fixed(12, 31),
    "new years eve": _fixed(12, 31),
    "new year's": _fixed(1, 1),
    "new year": _fixed(1, 1),
    "good friday": _easter(-2),
    "easter monday": _easter(1),
    "easter sunday": _easter(),
    "easter": _easter(),
    "christmas eve": _fixed(12, 24),
    "christmas day": _fixed(12, 25),
    "christmas": _fixed(12, 25),
    "xmas": _fixed(12, 25),
    "boxing day": _fixed(12, 26),
}

_OF_COUNTRIES: dict[Country, dict[str, Rule]] = {
    "US": {
        "martin luther king day": _weekday(1, MONDAY, 3),
        "martin luther king jr day": _weekday(1, MONDAY, 3),
        "martin luther king junior day": _weekday(1, MONDAY, 3),
        "mlk day": _weekday(1, MONDAY, 3),
        "presidents' day": _weekday(2, MONDAY, 3),
        "presidents day": _weekday(2, MONDAY, 3),
        "president's day": _weekday(2, MONDAY, 3),
        "washington's birthday": _weekday(2, MONDAY, 3),
        "memorial day": _weekday(5, MONDAY, -1),
        "juneteenth": _fixed(6, 19),
        "independence day": _fixed(7, 4),
        "the fourth of july": _fixed(7, 4),
        "fourth of july": _fixed(7, 4),
        "july fourth": _fixed(7, 4),
        "labor day": _weekday(9, MONDAY, 1),
        "labour day": _weekday(9, MONDAY, 1),
        "columbus day": _weekday(10, MONDAY, 2),
        "indigenous peoples' day": _weekday(10, MONDAY, 2),
        "indigenous peoples day": _weekday(10, MONDAY, 2),
        "indigenous people's day": _weekday(10, MONDAY, 2),
        "veterans day": _fixed(11, 11),
        "veteran's day": _fixed(11, 11),
        "thanksgiving day": _weekday(11, THURSDAY, 4),
        "thanksgiving": _weekday(11, THURSDAY, 4),
    },
    "CA": {
        "family day": _weekday(2, MONDAY, 3),
        "victoria day": _weekday_before(5, MONDAY, 25),
        "canada day": _fixed(7, 1),
        "civic holiday": _weekday(8, MONDAY, 1),
        "labour day": _weekday(9, MONDAY, 1),
        "labor day": _weekday(9, MONDAY, 1),
        "truth and reconciliation day": _fixed(9, 30),
        "thanksgiving day": _weekday(10, MONDAY, 2),
        "thanksgiving": _weekday(10, MONDAY, 2),
        "remembrance day": _fixed(11, 11),
    },
    "GB": {
        "early may bank holiday": _weekday(5, MONDAY, 1),
        "may bank holiday": _weekday(5, MONDAY, 1),
        "may day": _weekday(5, MONDAY, 1),
        "spring bank holiday": _weekday(5, MONDAY, -1),
        "late may bank holiday": _weekday(5, MONDAY, -1),
        "summer bank holiday": _weekday(8, MONDAY, -1),
        "august bank holiday": _weekday(8, MONDAY, -1),
    },
    "IE": {
        "st brigid's day": _weekday(2, MONDAY, 1),
        "saint brigid's day": _weekday(2, MONDAY, 1),
        "st patrick's day": _fixed(3, 17),
        "saint patrick's day": _fixed(3, 17),
        "may bank holiday": _weekday(5, MONDAY, 1),
        "may day": _weekday(5, MONDAY, 1),
        "june bank holiday": _weekday(6, MONDAY, 1),
        "august bank holiday": _weekday(8, MONDAY, 1),
        "october bank holiday": _weekday(10, MONDAY, -1),
        "st stephen's day": _fixed(12, 26),
        "saint stephen's day": _fixed(12, 26),
    },
    "AU": {
        "australia day": _fixed(1, 26),
        "anzac day": _fixed(4, 25),
        "king's birthday": _weekday(6, MONDAY, 2),
        "kings birthday": _weekday(6, MONDAY, 2),
        "queen's birthday": _weekday(6, MONDAY, 2),
    },
    "NZ": {
        "waitangi day": _fixed(2, 6),
        "anzac day": _fixed(4, 25),
        "king's birthday": _weekday(6, MONDAY, 1),
        "kings birthday": _weekday(6, MONDAY, 1),
        "queen's birthday": _weekday(6, MONDAY, 1),
        "labour day": _weekday(10, MONDAY, 4),
    },
}
"""The holidays of a whole country, or of most of it, by the names that callers have for them."""


def read_holiday(words: list[str], at: int, today: date, country: Country = "US") -> Found | None:
    """The holiday that is named at this place, as its next date, which may be today."""
    for name, of in _by_first(country).get(words[at], ()):
        if words[at : at + len(name)] == name:
            days = (of(year) for year in (today.year, today.year + 1))
            return next(day for day in days if day >= today).isoformat(), len(name)
    return None


@cache
def _by_first(country: Country) -> dict[str, list[tuple[list[str], Rule]]]:
    """The names by their first words, the longest first."""
    by_first: dict[str, list[tuple[list[str], Rule]]] = {}
    named = _EVERYWHERE | _OF_COUNTRIES[country]
    for name, rule in sorted(named.items(), key=lambda entry: -len(entry[0].split())):
        by_first.setdefault(name.split()[0], []).append((name.split(), rule))
    return by_first
