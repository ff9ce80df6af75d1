"""Days in spoken English: read from words, and put into words. Nothing here reads a clock: today is an argument."""

import calendar
from datetime import date, timedelta
from difflib import get_close_matches

from app.dialogue.relative_days import Found, read_relative_day
from app.dialogue.spoken_numbers import ORDINALS, TENS, leading_number, leading_ordinal, say_ordinal

_WEEKDAYS = {name.lower(): number for number, name in enumerate(calendar.day_name)}
_SHORT_WEEKDAYS = {
    "mon": 0, "tue": 1, "tues": 1, "wed": 2, "weds": 2, "thu": 3, "thur": 3, "thurs": 3, "fri": 4, "sat": 5, "sun": 6,
}  # fmt: skip
_CLEARLY_SHORT = frozenset(("tue", "tues", "weds", "thu", "thur", "thurs", "fri"))
"""The short names of days that are no other word, as `sat` and `sun` are."""
_FULL_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
_MONTHS = _FULL_MONTHS | {name[:3]: number for name, number in _FULL_MONTHS.items()} | {"sept": 9}
_OTHER_WORDS = frozenset(("may", "march", "mar"))
"""Months that may be another word behind a number: `two may come`."""
DAY_WORDS = frozenset((*_WEEKDAYS, *_FULL_MONTHS, "today", "tonight", "tomorrow", "yesterday"))
"""Words that days consist of."""
_ALIKE = 0.8
"""The share of letters, in order, that a word must have in common with the ordinal that it is taken for."""


def read_day(words: list[str], at: int, today: date, *, bare: bool = False) -> Found | None:
    """The ISO date that begins at word `at`, and the words it takes; None if none does.

    It is before `today` only where that is said: `yesterday`, `last Monday`. `bare`: a day was asked for, so that `the
    second` and `wed` are one.
    """
    rest = words[at : at + 8]
    if rest[:1] in (["today's"], ["tomorrow's"], ["yesterday's"]):
        rest[0] = rest[0].removesuffix("'s")
    before = words[max(0, at - 1) : at]
    if before and before[0] in TENS and rest[:1] and rest[0] in ORDINALS:
        return None  # "the thirty first of June" is no day, and no first of June either
    if rest[:1] in (["today"], ["tonight"]):
        return today.isoformat(), 1
    if rest[:1] == ["tomorrow"]:
        return (today + timedelta(days=1)).isoformat(), 1
    if found := _weekday_of_month(rest, today):
        return found
    is_of_month = bool(before) and before[0] in _MONTHS
    return (
        _weekday(rest, today, bare=bare)
        or read_relative_day(rest, today, lambda words: read_day(words, 0, today, bare=True), bare=bare)
        or _calendar_day(rest, today, bare=bare and not is_of_month)
    )


def _weekday(rest: list[str], today: date, *, bare: bool) -> Found | None:
    """A day of the week: `Friday` and `this Friday` are the next one, `next Friday` is that of next week."""
    start = 0
    next_week = False
    if rest[:2] == ["next", "week"]:
        next_week = True
        start = 3 if rest[2:3] == ["on"] else 2
    elif rest[:1] in (["this"], ["next"], ["coming"], ["last"], ["past"]):
        next_week = rest[0] == "next"
        start = 1
    name = rest[start].removesuffix("'s") if start < len(rest) else ""
    number = _WEEKDAYS.get(name, _WEEKDAYS.get(name.removesuffix("s")))
    if number is None and (bare or name in _CLEARLY_SHORT):
        number = _SHORT_WEEKDAYS.get(name)
    if number is None:
        return None
    taken = start + 1
    if rest[:1] in (["last"], ["past"]):
        return (today - timedelta(days=(today.weekday() - number - 1) % 7 + 1)).isoformat(), taken
    if exact := _calendar_day(rest[taken:], today, bare=True):
        return exact[0], taken + exact[1]
    if rest[taken : taken + 2] == ["next", "week"]:
        next_week = True
        taken += 2
    for behind in (["week"], ["after", "next"]):  # "Monday week", as the British say
        if rest[taken : taken + len(behind)] == behind:
            days = (number - today.weekday() - 1) % 7 + 8
            return (today + timedelta(days=days)).isoformat(), taken + len(behind)
    if next_week:
        return (today + timedelta(days=7 - today.weekday() + number)).isoformat(), taken
    return (today + timedelta(days=(number - today.weekday() - 1) % 7 + 1)).isoformat(), taken


def _weekday_of_month(rest: list[str], today: date) -> Found | None:
    """`the first Monday in July`, `the last Friday of the month`."""
    start = 1 if rest[:1] == ["the"] else 0
    which = leading_ordinal(rest[start : start + 1]) or ((-1, 1) if rest[start : start + 1] == ["last"] else None)
    weekday = _WEEKDAYS.get(rest[start + 1]) if which and len(rest) > start + 1 else None
    if which is None or weekday is None or rest[start + 2 : start + 3] not in (["in"], ["of"]):
        return None
    taken = start + 3
    if rest[taken : taken + 2] in (["the", "month"], ["this", "month"]):
        month, taken = today.month, taken + 2
    elif rest[taken : taken + 1] and rest[taken] in _MONTHS:
        month, taken = _MONTHS[rest[taken]], taken + 1
    else:
        return None
    for year in (today.year, today.year + 1):
        days = [day for day in calendar.Calendar().itermonthdates(year, month) if day.month == month]
        fitting = [day for day in days if day.weekday() == weekday]
        day = fitting[-1] if which[0] < 0 else (fitting[which[0] - 1 :] or [date.min])[0]
        if day >= today:
            return day.isoformat(), taken
    return None


def _calendar_day(rest: list[str], today: date, *, bare: bool) -> Found | None:
    """`the third of June`, `June third`, `June the third`, and when `bare`, `the third`."""
    start = 1 if rest[:1] == ["the"] else 0
    if rest[start : start + 1] and rest[start] in _MONTHS:
        after = start + (2 if rest[start + 1 : start + 2] == ["the"] else 1)
        found = leading_ordinal(rest[after:]) or leading_number(rest[after:])
        return _on(found[0], _MONTHS[rest[start]], today, after + found[1]) if found else None
    ordinal = leading_ordinal(rest[start:]) or (_clipped_ordinal(rest[start:]) if bare and start else None)
    found = ordinal or _number_before_month(rest[start:], bare=bare) or _nearly_ordinal(rest[start:])
    if not found:
        return None
    number, taken = found[0], start + found[1]
    after = taken + (1 if rest[taken : taken + 1] == ["of"] else 0)
    if rest[after : after + 1] and rest[after] in _MONTHS:
        return _on(number, _MONTHS[rest[after]], today, after + 1)
    names_a_day = ordinal is not None and (bare or (start == 1 and number > 3))
    is_of_weekdays = bool(rest[taken : taken + 1]) and rest[taken] in _WEEKDAYS  # "the first Monday"
    if (
        not names_a_day
        or is_of_weekdays
        or "".join(rest[taken : taken + 1]) in ("one", "available", "time", "slot", "option", "thing")
    ):
        return None
    month = today.month if number >= today.day else today.month % 12 + 1
    return _on(number, month, today, taken)


def _number_before_month(rest: list[str], *, bare: bool) -> tuple[int, int] | None:
    """`eight of June`: what recognizers make of an ordinal that ends in a soft sound; and `15 June`, as it is typed."""
    found = leading_number(rest)
    if found is None:
        return None
    behind = rest[found[1] : found[1] + 2]
    if behind[:1] == ["of"]:
        return found if behind[1:] else None
    is_month = bool(behind) and behind[0] in _MONTHS and (bare or behind[0] not in _OTHER_WORDS)
    return found if is_month else None


def _clipped_ordinal(rest: list[str]) -> tuple[int, int] | None:
    """`the fifteen` at the end of an answer: what recognizers make of an ordinal; no hour is as large."""
    found = leading_number(rest)
    return found if found and rest[found[1] :] in ([], ["please"]) and 12 < found[0] <= 31 else None


def _nearly_ordinal(rest: list[str]) -> tuple[int, int] | None:
    """`the tent of June`: what recognizers make of an ordinal over a telephone; no other word stands there."""
    if rest[1:2] != ["of"] or not rest[2:3] or rest[2] not in _MONTHS:
        return None
    alike = get_close_matches(rest[0], ORDINALS, n=1, cutoff=_ALIKE)
    return (ORDINALS[alike[0]], 1) if alike else None


def _on(day: int, month: int, today: date, taken: int) -> Found | None:
    for year in range(today.year, today.year + 5):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found >= today:
            return found.isoformat(), taken
    return None


def say_day(day: date) -> str:
    """Say a date as people say it: `Friday, June fifth`."""
    return f"{calendar.day_name[day.weekday()]}, {calendar.month_name[day.month]} {say_ordinal(day.day)}"
