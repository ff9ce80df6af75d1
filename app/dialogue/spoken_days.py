"""Days in spoken English: read from words, and put into words. Nothing here reads a clock: today is an argument."""

import calendar
from datetime import date, timedelta
from difflib import get_close_matches

from app.dialogue.spoken_numbers import NUMBERS, ORDINALS, leading_number, leading_ordinal, say_ordinal

_WEEKDAYS = {name.lower(): number for number, name in enumerate(calendar.day_name)}
_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
DAY_WORDS = frozenset((*_WEEKDAYS, *_MONTHS, "today", "tonight", "tomorrow"))
"""Words that days consist of."""
_ALIKE = 0.8
"""The share of letters, in order, that a word must have in common with the ordinal that it is taken for."""

Found = tuple[str, int]
"""A value, and how many words were read for it."""


def read_day(words: list[str], at: int, today: date, *, bare: bool = False) -> Found | None:
    """The ISO date that begins at word `at`, never before `today`, and the words it takes; None if none does.

    `bare`: a day was asked for, so `the second` is one.
    """
    rest = words[at : at + 7]
    skipped = 1 if rest and rest[0] == "the" else 0
    if rest[skipped : skipped + 3] == ["day", "after", "tomorrow"]:
        return (today + timedelta(days=2)).isoformat(), skipped + 3
    if rest[:1] in (["today"], ["tonight"]):
        return today.isoformat(), 1
    if rest[:1] == ["tomorrow"]:
        return (today + timedelta(days=1)).isoformat(), 1
    return _relative(rest, today) or _weekday(rest, today) or _calendar_day(rest, today, bare=bare)


def _relative(rest: list[str], today: date) -> Found | None:
    """`in two weeks`, `in three days`, `a week from today`."""
    if rest[:4] == ["a", "week", "from", "today"]:
        return (today + timedelta(weeks=1)).isoformat(), 4
    if len(rest) < 3 or rest[0] != "in" or rest[1] not in NUMBERS:
        return None
    unit = rest[2].removesuffix("s")
    if unit not in ("day", "week"):
        return None
    days = NUMBERS[rest[1]] * (7 if unit == "week" else 1)
    return (today + timedelta(days=days)).isoformat(), 3


def _weekday(rest: list[str], today: date) -> Found | None:
    """A day of the week: `Friday` and `this Friday` are the next one, `next Friday` is that of next week."""
    start = 0
    next_week = False
    if rest[:2] == ["next", "week"]:
        next_week = True
        start = 3 if rest[2:3] == ["on"] else 2
    elif rest[:1] in (["this"], ["next"], ["coming"]):
        next_week = rest[0] == "next"
        start = 1
    name = rest[start].removesuffix("'s") if start < len(rest) else ""
    number = _WEEKDAYS.get(name, _WEEKDAYS.get(name.removesuffix("s")))
    if number is None:
        return None
    taken = start + 1
    if exact := _calendar_day(rest[taken:], today, bare=True):
        return exact[0], taken + exact[1]
    if rest[taken : taken + 2] == ["next", "week"]:
        next_week = True
        taken += 2
    if next_week:
        return (today + timedelta(days=7 - today.weekday() + number)).isoformat(), taken
    return (today + timedelta(days=(number - today.weekday() - 1) % 7 + 1)).isoformat(), taken


def _calendar_day(rest: list[str], today: date, *, bare: bool) -> Found | None:
    """`the third of June`, `June third`, `June the third`, and when `bare`, `the third`."""
    start = 1 if rest[:1] == ["the"] else 0
    if rest[start : start + 1] and rest[start] in _MONTHS:
        after = start + (2 if rest[start + 1 : start + 2] == ["the"] else 1)
        found = leading_ordinal(rest[after:]) or leading_number(rest[after:])
        return _on(found[0], _MONTHS[rest[start]], today, after + found[1]) if found else None
    ordinal = leading_ordinal(rest[start:]) or (_clipped_ordinal(rest[start:]) if bare and start else None)
    found = ordinal or _number_before_month(rest[start:]) or _nearly_ordinal(rest[start:])
    if not found:
        return None
    number, taken = found[0], start + found[1]
    after = taken + (1 if rest[taken : taken + 1] == ["of"] else 0)
    if rest[after : after + 1] and rest[after] in _MONTHS:
        return _on(number, _MONTHS[rest[after]], today, after + 1)
    names_a_day = ordinal is not None and (bare or (start == 1 and number > 3))
    if not names_a_day or "".join(rest[taken : taken + 1]) in ("one", "available", "time", "slot", "option", "thing"):
        return None
    month = today.month if number >= today.day else today.month % 12 + 1
    return _on(number, month, today, taken)


def _number_before_month(rest: list[str]) -> tuple[int, int] | None:
    """`eight of June`: what recognizers make of an ordinal that ends in a soft sound."""
    found = leading_number(rest)
    return found if found and rest[found[1] : found[1] + 1] == ["of"] and rest[found[1] + 1 : found[1] + 2] else None


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
