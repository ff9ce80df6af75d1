"""The words of what a caller said, as a dialogue reads them. Recognizers, and people who type, write figures. Pure."""

import calendar
import re

from app.dialogue.spoken_numbers import say_number, say_ordinal

_GLUED = re.compile(r"(?<=\d)(?=[ap]\.?m\b)|(?<=\d):(?=\d)|(?<=\d)h(?=[0-5]\d\b)")
_HOURS = re.compile(r"(?:(?<=\bat )|(?<=\bby )|(?<=\baround )|^)([01]?\d|2[0-3]) ?h\b(?! ?\d)")
"""Matches an hour in the European notation, "at 9h"; "in 2h" is a duration and does not match."""
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_ORDINAL = re.compile(r"(\d{1,2})(?:st|nd|rd|th)")
_ZERO_BEFORE = re.compile(r"0[1-9]")
_LAST_ORDINAL = 39
_DATE = re.compile(r"(?<![\w/.-])(\d{1,2})/(\d{1,2})(?:/(?:\d\d){1,2})?(?![\w/]|[.,]\d)")
_DATE_BY_DAY = re.compile(r"(?<![\w/.-])(\d{1,2})\.(\d{1,2})\.(?:(?:\d\d){1,2}\b|(?!\d))")
_ISO_DATE = re.compile(r"(?<![\w/.-])\d{4}-(\d\d)-(\d\d)(?![\w-])")
_MOST_DAYS = 31


def with_dates_in_words(text: str, *, is_day_first: bool) -> str:
    """`text` with dates in figures as they are said: `6/15` and `2026-06-15` are `june 15th`.

    `is_day_first`: of `3/4` the three is the day, as it always is in `3.4.`; else only where no month has that number.
    """
    text = _ISO_DATE.sub(lambda found: _date(found, int(found[1]), int(found[2])), text)
    text = _DATE_BY_DAY.sub(lambda found: _date(found, int(found[2]), int(found[1])), text)
    return _DATE.sub(lambda found: _date(found, *_month_and_day(int(found[1]), int(found[2]), is_day_first)), text)


def _month_and_day(first: int, second: int, is_day_first: bool) -> tuple[int, int]:
    return (second, first) if (is_day_first and second <= 12) or first > 12 else (first, second)


def _date(found: re.Match[str], month: int, day: int) -> str:
    if not (1 <= month <= 12 and 1 <= day <= _MOST_DAYS):
        return found[0]
    return f"{calendar.month_name[month].lower()} {day}th"


def plain(text: str) -> str:
    """Lower case words with single spaces: letters, digits and apostrophes."""
    return " ".join(re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.lower().replace("\u2019", "'")))


def written_words(text: str) -> list[str]:
    """The words of a sentence with figures as they are written; `10:30pm` are three."""
    text = _HOURS.sub(r"\1 o'clock", _THOUSANDS.sub("", _GLUED.sub(" ", text.lower())))
    return plain(text.replace("a.m.", "a m").replace("p.m.", "p m")).split()


def words_of(text: str) -> list[str]:
    """The words of `text`, figures as they are said where people say them alike: `10:30pm` is `ten thirty pm`.

    Numbers of three and more digits stay: `930` is a time, a price or a room.
    """
    return [said for word in written_words(text) for said in _said(word)]


def _said(word: str) -> list[str]:
    if (ordinal := _ORDINAL.fullmatch(word)) and 0 < int(ordinal[1]) <= _LAST_ORDINAL:
        return say_ordinal(int(ordinal[1])).split()
    if not (word.isascii() and word.isdecimal() and len(word) <= 2) or word == "00":
        return [word]
    if _ZERO_BEFORE.fullmatch(word):
        return ["oh", say_number(int(word))]
    return say_number(int(word)).split()
