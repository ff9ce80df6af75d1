"""Public holidays as callers of an American business name them. Pure; today is an argument.

A table instead of a package: what is needed are the names as they are said, of which calendars have none.
"""

from collections.abc import Callable
from datetime import date, timedelta

Found = tuple[str, int]
"""An ISO date and the number of words it takes."""

HOLIDAY = "holiday"
"""What stands for a holiday in the examples of an intent, as `{holiday}`: a day that business hours do not tell of."""


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


def _easter(year: int, later_days: int = 0) -> date:
    """Easter Sunday of the Gregorian calendar, by the algorithm of Meeus, Jones and Butcher."""
    century, in_century = divmod(year, 100)
    leaps, rest = divmod(century, 4)
    correction = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * (year % 19) + century - leaps - correction + 15) % 30
    quarter, remainder = divmod(in_century, 4)
    sunday = (32 + 2 * rest + 2 * quarter - epact - remainder) % 7
    shift = (year % 19 + 11 * epact + 22 * sunday) // 451
    month, day = divmod(epact + sunday - 7 * shift + 114, 31)
    return date(year, month, day + 1) + timedelta(days=later_days)


_DAYS: dict[str, Callable[[int], date]] = {
    "new year's day": _fixed(1, 1),
    "new years day": _fixed(1, 1),
    "new year's eve": _fixed(12, 31),
    "new years eve": _fixed(12, 31),
    "new year's": _fixed(1, 1),
    "new year": _fixed(1, 1),
    "martin luther king day": _weekday(1, 0, 3),
    "presidents' day": _weekday(2, 0, 3),
    "presidents day": _weekday(2, 0, 3),
    "president's day": _weekday(2, 0, 3),
    "good friday": lambda year: _easter(year, -2),
    "easter monday": lambda year: _easter(year, 1),
    "easter sunday": _easter,
    "easter": _easter,
    "memorial day": _weekday(5, 0, -1),
    "juneteenth": _fixed(6, 19),
    "independence day": _fixed(7, 4),
    "the fourth of july": _fixed(7, 4),
    "fourth of july": _fixed(7, 4),
    "july fourth": _fixed(7, 4),
    "labor day": _weekday(9, 0, 1),
    "columbus day": _weekday(10, 0, 2),
    "veterans day": _fixed(11, 11),
    "veteran's day": _fixed(11, 11),
    "thanksgiving day": _weekday(11, 3, 4),
    "thanksgiving": _weekday(11, 3, 4),
    "christmas eve": _fixed(12, 24),
    "christmas day": _fixed(12, 25),
    "christmas": _fixed(12, 25),
    "xmas": _fixed(12, 25),
    "boxing day": _fixed(12, 26),
}
_BY_FIRST: dict[str, list[tuple[list[str], Callable[[int], date]]]] = {}
for _name, _day in sorted(_DAYS.items(), key=lambda entry: -len(entry[0].split())):
    _BY_FIRST.setdefault(_name.split()[0], []).append((_name.split(), _day))


def read_holiday(words: list[str], at: int, today: date) -> Found | None:
    """The holiday that is named at this place, as its next date, which may be today."""
    for name, of in _BY_FIRST.get(words[at], ()):
        if words[at : at + len(name)] == name:
            days = (of(year) for year in (today.year, today.year + 1))
            return next(day for day in days if day >= today).isoformat(), len(name)
    return None
