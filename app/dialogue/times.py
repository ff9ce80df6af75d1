"""Days, times of day and numbers in spoken English: read from words, and put into words.

Every `read_*` takes the words of a sentence and a position, and returns the value that begins there with the number of
words it takes, or None. Nothing here reads a clock: today is an argument.
"""

import calendar
import re
from datetime import date, time, timedelta
from difflib import get_close_matches

_UNITS = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_NUMBERS = {word: value for value, word in enumerate(_UNITS)} | _TENS | {"oh": 0, "a": 1, "an": 1, "couple": 2}
_FIRST_ORDINALS = [
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
    "twentieth",
]  # fmt: skip
_ORDINALS = {word: value for value, word in enumerate(_FIRST_ORDINALS, start=1)} | {"thirtieth": 30}
NUMBER_WORDS = frozenset((*_UNITS, *_TENS, *_ORDINALS, "hundred", "thousand", "number"))
"""Words that numbers consist of; none of them is part of a person's name."""
_WEEKDAYS = {name.lower(): number for number, name in enumerate(calendar.day_name)}
_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
DAY_WORDS = frozenset((*_WEEKDAYS, *_MONTHS, "today", "tonight", "tomorrow"))
"""Words that days consist of."""
_CLOCK = re.compile(r"(\d{1,2})([0-5]\d)")
_DIGIT_ORDINAL = re.compile(r"(\d{1,2})(?:st|nd|rd|th)")
_PARTS = {"morning": "a", "afternoon": "p", "evening": "p", "tonight": "p"}

_BEFORE_A_PRONOUN = frozenset(_ORDINALS) | {
    "last", "that", "this", "earlier", "later", "earliest", "latest", "which", "another", "other", "any", "no",
}  # fmt: skip
"""Words after which `one` is a pronoun and no time of day."""

_ALIKE = 0.8
"""The share of letters, in order, that a word must have in common with the ordinal that it is taken for."""
MAX_DIGITS = 20
"""The most digits of one number: more than any number that is asked for has, and few enough to be read quickly."""
PART_OF_DAY_WITHIN = 30
"""The most words between `in the morning` and the time that it belongs to."""

Found = tuple[str, int]
"""A value, and how many words were read for it."""


def read_day(words: list[str], at: int, today: date, *, bare: bool = False) -> Found | None:
    """An ISO date, never before `today`. `bare`: a day was asked for, so `the second` is one."""
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
    if len(rest) < 3 or rest[0] != "in" or rest[1] not in _NUMBERS:
        return None
    unit = rest[2].removesuffix("s")
    if unit not in ("day", "week"):
        return None
    days = _NUMBERS[rest[1]] * (7 if unit == "week" else 1)
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
        found = _ordinal(rest[after:]) or _number(rest[after:])
        return _on(found[0], _MONTHS[rest[start]], today, after + found[1]) if found else None
    ordinal = _ordinal(rest[start:]) or (_clipped_ordinal(rest[start:]) if bare and start else None)
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
    found = _number(rest)
    return found if found and rest[found[1] : found[1] + 1] == ["of"] and rest[found[1] + 1 : found[1] + 2] else None


def _clipped_ordinal(rest: list[str]) -> tuple[int, int] | None:
    """`the fifteen` at the end of an answer: what recognizers make of an ordinal; no hour is as large."""
    found = _number(rest)
    return found if found and rest[found[1] :] in ([], ["please"]) and 12 < found[0] <= 31 else None


def _nearly_ordinal(rest: list[str]) -> tuple[int, int] | None:
    """`the tent of June`: what recognizers make of an ordinal over a telephone; no other word stands there."""
    if rest[1:2] != ["of"] or not rest[2:3] or rest[2] not in _MONTHS:
        return None
    alike = get_close_matches(rest[0], _ORDINALS, n=1, cutoff=_ALIKE)
    return (_ORDINALS[alike[0]], 1) if alike else None


def _on(day: int, month: int, today: date, taken: int) -> Found | None:
    for year in range(today.year, today.year + 5):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found >= today:
            return found.isoformat(), taken
    return None


def _ordinal(rest: list[str]) -> tuple[int, int] | None:
    if not rest:
        return None
    if digits := _DIGIT_ORDINAL.fullmatch(rest[0]):
        return int(digits[1]), 1
    if rest[0] in ("twenty", "thirty") and len(rest) > 1 and _ORDINALS.get(rest[1], 10) < 10:
        return _TENS[rest[0]] + _ORDINALS[rest[1]], 2
    return (_ORDINALS[rest[0]], 1) if rest[0] in _ORDINALS else None


def _number(rest: list[str]) -> tuple[int, int] | None:
    """Read a number below a hundred from words, such as "twenty five"."""
    if not rest:
        return None
    if rest[0].isdecimal() and len(rest[0]) < 3:
        return int(rest[0]), 1
    if rest[0] in _TENS:
        unit = _NUMBERS.get(rest[1], 0) if len(rest) > 1 and rest[1] not in ("a", "an", "oh", "couple") else 0
        return (_TENS[rest[0]] + unit, 2) if 0 < unit < 10 else (_TENS[rest[0]], 1)
    return (_NUMBERS[rest[0]], 1) if rest[0] in _UNITS else None


def read_number(words: list[str], at: int) -> tuple[int, int] | None:
    """A whole number: `forty two`, `one hundred and five`, `12`; or three and more digits said one by one."""
    rest = words[at : at + MAX_DIGITS]
    digits = [str(_UNITS.index(word)) for word in _while_digits(rest)]
    if len(digits) > 2:
        return int("".join(digits)), len(digits)
    if rest and rest[0].isdecimal() and len(rest[0]) <= MAX_DIGITS:
        return int(rest[0]), 1
    hundreds = 0
    taken = 0
    if rest[1:2] == ["hundred"] and rest[0] in ("a", *_UNITS[1:10]):
        hundreds = _NUMBERS[rest[0]] * 100
        taken = 3 if rest[2:3] == ["and"] else 2
    found = _number(rest[taken:])
    if found:
        return hundreds + found[0], taken + found[1]
    return (hundreds, 2) if hundreds else None


def _while_digits(rest: list[str]) -> list[str]:
    count = next((index for index, word in enumerate(rest) if word not in _UNITS[:10]), len(rest))
    return rest[:count]


def read_time(words: list[str], at: int, earliest: str, *, bare: bool = False) -> Found | None:
    """A time as `HH:MM`. Without morning or afternoon, the first such time from `earliest` on is meant.

    `bare`: a time was asked for, so that `three` alone is one; else it needs `at`, `o'clock`, minutes or `p m`.
    """
    if words[at : at + 1] == ["one"] and at > 0 and words[at - 1] in _BEFORE_A_PRONOUN:
        return None
    start = 1 if words[at : at + 1] and words[at] in ("at", "around", "about", "by") else 0
    rest = words[at + start : at + start + 6]
    if rest[:2] in (["twelve", "noon"], ["twelve", "midnight"]):
        rest, start = rest[1:], start + 1
    if rest[:1] in (["noon"], ["midday"]):
        return "12:00", start + 1
    if rest[:1] == ["midnight"]:
        return "00:00", start + 1
    found = _past_or_to(rest) or _hour_and_minutes(rest, bare=bare or start == 1)
    if not found:
        return None
    hour, minute, taken = found
    half, more = _half_of_day(rest[taken:])
    near = words[max(0, at - PART_OF_DAY_WITHIN) : at + PART_OF_DAY_WITHIN]
    half = half or next((_PARTS[word] for word in near if word in _PARTS), "")
    return _settle(hour, minute, half, earliest), start + taken + more


def _past_or_to(rest: list[str]) -> tuple[int, int, int] | None:
    """`half past three`, `quarter to four`, `ten past nine`: hour, minute, words taken."""
    start = 1 if rest[:2] == ["a", "quarter"] else 0
    if rest[start : start + 1] in (["half"], ["quarter"]):
        minutes, taken = (30 if rest[start] == "half" else 15), start + 1
    elif found := _number(rest):
        minutes, taken = found
    else:
        return None
    direction = rest[taken] if taken < len(rest) else ""
    hour = _number(rest[taken + 1 : taken + 2])
    if direction not in ("past", "after", "to", "before", "til", "till") or not hour or not 1 <= hour[0] <= 12:
        return None
    if direction in ("past", "after"):
        return hour[0], minutes, taken + 2
    return (hour[0] - 1) or 12, 60 - minutes, taken + 2


def _hour_and_minutes(rest: list[str], *, bare: bool) -> tuple[int, int, int] | None:
    if clock := _clock(rest, bare=bare):
        return *clock, 1
    found = _number(rest[:1])
    if not found or found[0] > 24:
        return None
    hour = found[0]
    after = rest[1] if len(rest) > 1 else ""
    if after in ("o'clock", "oclock"):
        return hour % 24, 0, 2
    if after == "oh" and (minute := _number(rest[2:3])):
        return hour % 24, minute[0], 3
    minutes = _number(rest[1:])
    if minutes and (10 <= minutes[0] < 60 or rest[1] == "00") and rest[1 + minutes[1] : 2 + minutes[1]] != ["of"]:
        return hour % 24, minutes[0], 1 + minutes[1]
    if bare or _half_of_day(rest[1:])[0]:
        return (hour % 24, 0, 1) if hour > 0 else None
    return None


def _clock(rest: list[str], *, bare: bool) -> tuple[int, int] | None:
    """`930`: hour and minutes where a half of the day follows, or if it looks like the time that was asked for."""
    found = _CLOCK.fullmatch(rest[0]) if rest else None
    if not found or int(found[1]) > 24:
        return None
    hour, minute = int(found[1]) % 24, int(found[2])
    is_asked_for = bare and minute % 5 == 0 and not (len(rest) > 1 and rest[1].isdecimal())
    return (hour, minute) if is_asked_for or _half_of_day(rest[1:])[0] else None


def _half_of_day(rest: list[str]) -> tuple[str, int]:
    """`a`, `p` or nothing, and the words it takes. `in the morning` takes none: it may be a slot's value too."""
    if rest[:1] in (["am"], ["pm"]):
        return rest[0][0], 1
    if rest[:2] in (["a", "m"], ["p", "m"]):
        return rest[0], 2
    if rest[:2] == ["in", "the"] and rest[2:3] and rest[2] in _PARTS:
        return _PARTS[rest[2]], 0
    return "", 0


def _settle(hour: int, minute: int, half: str, earliest: str) -> str:
    if hour > 12 or hour == 0:
        return f"{hour:02}:{minute:02}"
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    elif f"{hour % 12:02}:{minute:02}" >= earliest:
        hour %= 12
    else:
        hour = hour % 12 + 12
    return f"{hour:02}:{minute:02}"


_LEFT_TO_US = (
    "whichever", "whatever", "you choose", "you pick", "you decide", "up to you", "your choice", "surprise me",
    "no preference", "don't care", "do not care", "don't mind", "do not mind", "doesn't matter", "does not matter",
)  # fmt: skip


def ordinal_choice(words: list[str], count: int) -> int | None:
    """Which of `count` things is meant by `the second one`, `the last`, `the earliest`, `either`; from 0.

    A caller who leaves the choice to us ("whichever", "you choose") gets the first.
    """
    if any(f" {phrase} " in f" {' '.join(words)} " for phrase in _LEFT_TO_US):
        return 0
    for word in words:
        if word in ("last", "latest", "later"):
            return count - 1
        if word in ("earliest", "earlier", "soonest", "either", "any"):
            return 0
        if word in _ORDINALS and _ORDINALS[word] <= count:
            return _ORDINALS[word] - 1
    return None


def say_number(number: int) -> str:
    """A number below a hundred in words; larger ones in digits."""
    if not 0 <= number < 100:
        return str(number)
    if number < 20:
        return _UNITS[number]
    tens = next(word for word, value in _TENS.items() if value == number // 10 * 10)
    return f"{tens} {_UNITS[number % 10]}" if number % 10 else tens


def say_day(day: date) -> str:
    """Say a date as people say it: `Friday, June fifth`."""
    return f"{calendar.day_name[day.weekday()]}, {calendar.month_name[day.month]} {say_ordinal(day.day)}"


def say_time(moment: time) -> str:
    """`ten thirty`, `two o'clock`, `noon`."""
    if (moment.hour, moment.minute) == (12, 0):
        return "noon"
    hour = _UNITS[moment.hour % 12 or 12]
    if moment.minute == 0:
        return f"{hour} o'clock"
    return f"{hour} oh {_UNITS[moment.minute]}" if moment.minute < 10 else f"{hour} {say_number(moment.minute)}"


def say_ordinal(number: int) -> str:
    """The ordinal of a number from 1 to 39, such as `twenty first`."""
    by_value = {value: word for word, value in _ORDINALS.items()}
    if number in by_value:
        return by_value[number]
    tens = "twenty" if number < 30 else "thirty"
    return f"{tens} {by_value[number % 10]}"
