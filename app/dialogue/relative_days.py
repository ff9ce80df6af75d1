"""Days that are counted from today in spoken English: `in two weeks`, `a week from Monday`, `yesterday`, `next week`.

Pure. A week or month that is named stands for its first day that may be meant, so that something can be offered.
"""

from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta

from app.dialogue.spoken_numbers import NUMBERS

Found = tuple[str, int]
"""A date in ISO 8601, and how many words were read for it."""

_DAYS_OF = {"day": 1, "week": 7, "fortnight": 14}
_FEW = 3
_MONDAY, _WEDNESDAY, _FRIDAY, _SATURDAY = 0, 2, 4, 5
_IN_WEEK = {"start": _MONDAY, "beginning": _MONDAY, "middle": _WEDNESDAY, "end": _FRIDAY}


def read_relative_day(
    rest: list[str], today: date, read: Callable[[list[str]], Found | None], *, bare: bool
) -> Found | None:
    """The day that is so named at the beginning of `rest`; None if none is.

    Args:
        read: reads the day from which is counted, as in `a week from Monday`.
        bare: a day was asked for, so that a week names one. Unasked, `a cleaning next week` leaves the day open.
    """
    found = _before_or_behind(rest, today) or _counted(rest, today, read)
    return found or ((_week(rest, today) or _part(rest, today)) if bare else None)


def _before_or_behind(rest: list[str], today: date) -> Found | None:
    """`yesterday`, `the day after tomorrow`."""
    start = 1 if rest[:1] == ["the"] else 0
    for said, ahead in ((["day", "after", "tomorrow"], 2), (["day", "before", "yesterday"], -2)):
        if rest[start : start + len(said)] == said:
            return _ahead(today, ahead), start + len(said)
    if rest[:1] == ["yesterday"]:
        return _ahead(today, -1), 1
    if rest[:2] in (["last", "week"], ["last", "month"]):
        return _ahead(today, -7 if rest[1] == "week" else -monthrange(today.year, today.month)[1]), 2
    return None


def _counted(rest: list[str], today: date, read: Callable[[list[str]], Found | None]) -> Found | None:
    """`in two weeks`, `in a couple of days`, `two weeks from now`, `a week from Monday`, `three days ago`."""
    start = 1 if rest[:1] == ["in"] else 0
    length = _length(rest[start:])
    if length is None:
        return None
    days, taken = length[0], start + length[1]
    behind = rest[taken : taken + 2]
    if start:
        return _ahead(today, days), taken + (1 if behind[:1] == ["time"] else 0)
    if behind[:1] == ["ago"]:
        return _ahead(today, -days), taken + 1
    if behind[:1] not in (["from"], ["after"], ["on"]):
        return None
    if behind == ["from", "now"]:
        return _ahead(today, days), taken + 2
    base = read(rest[taken + 1 :])
    return (_ahead(date.fromisoformat(base[0]), days), taken + 1 + base[1]) if base else None


def _length(rest: list[str]) -> tuple[int, int] | None:
    """A number of days, and the words it takes: `two weeks`, `a couple of days`, `a fortnight`."""
    number, taken = NUMBERS.get(rest[0] if rest else "", 0), 1
    if rest[:1] == ["a"] and rest[1:2] in (["couple"], ["few"]):
        number, taken = (2 if rest[1] == "couple" else _FEW), 2
        taken += rest[2:3] == ["of"]
    unit = _DAYS_OF.get(rest[taken].removesuffix("s")) if number and taken < len(rest) else None
    return (number * unit, taken + 1) if unit else None


def _week(rest: list[str], today: date) -> Found | None:
    """`next week`, `the week after next`, `the end of next week`, `next month`."""
    start = 1 if rest[:1] == ["the"] else 0
    weekday, part = _MONDAY, rest[start : start + 1]
    if part and part[0] in _IN_WEEK and rest[start + 1 : start + 2] == ["of"]:
        weekday, start = _IN_WEEK[part[0]], start + 2
        start += rest[start : start + 1] == ["the"]
    monday = today - timedelta(days=today.weekday())
    if rest[start : start + 3] == ["week", "after", "next"]:
        return _ahead(monday, 14 + weekday), start + 3
    if rest[start : start + 2] in (["next", "week"], ["following", "week"]):
        return _ahead(monday, 7 + weekday), start + 2
    first = today.replace(day=1) + timedelta(days=monthrange(today.year, today.month)[1])
    if rest[start : start + 2] == ["next", "month"]:
        days = monthrange(first.year, first.month)[1]
        return _ahead(first, {_MONDAY: 0, _WEDNESDAY: days // 2, _FRIDAY: days - 1}[weekday]), start + 2
    return None


def _part(rest: list[str], today: date) -> Found | None:
    """`this week`, `later this week`, `the weekend`, `the end of the week`, `the end of the month`."""
    start = 1 if rest[:1] in (["the"], ["later"]) else 0
    if rest[start : start + 1] == ["end"] and rest[start + 1 : start + 2] == ["of"]:
        of = rest[start + 2 : start + 4]
        if of in (["the", "week"], ["this", "week"]):
            return _weekday(today, _FRIDAY), start + 4
        if of in (["the", "month"], ["this", "month"]):
            return today.replace(day=monthrange(today.year, today.month)[1]).isoformat(), start + 4
    if rest[start : start + 2] == ["this", "week"]:
        return _ahead(today, 1 if today.weekday() < _FRIDAY else 0), start + 2
    start = 1 if rest[:1] in (["the"], ["this"]) else 0
    return (_weekday(today, _SATURDAY), start + 1) if rest[start : start + 1] == ["weekend"] else None


def _ahead(day: date, days: int) -> str:
    return (day + timedelta(days=days)).isoformat()


def _weekday(today: date, number: int) -> str:
    """The next such day of the week; today if it is one."""
    return _ahead(today, (number - today.weekday()) % 7)
