"""Times of day in spoken English: read from words, and put into words. Nothing here reads a clock."""

import re
from datetime import time

from app.dialogue.spoken_numbers import ORDINALS, UNITS, leading_number, say_number

_CLOCK = re.compile(r"(\d{1,2})([0-5]\d)")
_PARTS = {"morning": "a", "afternoon": "p", "evening": "p", "tonight": "p"}

_BEFORE_A_PRONOUN = frozenset(ORDINALS) | {
    "last", "that", "this", "earlier", "later", "earliest", "latest", "which", "another", "other", "any", "no",
    "morning", "afternoon", "evening",
}  # fmt: skip
"""Words after which `one` is a pronoun and no time of day."""

PART_OF_DAY_WITHIN = 30
"""The most words between `in the morning` and the time that it belongs to."""


def read_time(words: list[str], at: int, earliest: str, *, bare: bool = False) -> tuple[str, int] | None:
    """The time as `HH:MM` that begins at word `at`, and the words it takes; None if none does.

    Without morning or afternoon, the first such time from `earliest` on is meant. `bare`: a time was asked for, so that
    `three` alone is one; else it needs `at`, `o'clock`, minutes or `p m`.
    """
    if words[at : at + 1] == ["one"] and at > 0 and words[at - 1] in _BEFORE_A_PRONOUN:
        return None
    if at > 0 and words[at - 1] in ("number", "option"):
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
    if (
        words[max(0, at - 1) : at] == ["the"]
        and words[at + start + taken - 1] == "one"
        and minute % 10 == 1
        and taken > 1
    ):
        minute, taken = minute - 1, taken - 1  # "the one thirty one" is the one at one thirty
    half, more = _half_of_day(rest[taken:])
    near = words[max(0, at - PART_OF_DAY_WITHIN) : at + PART_OF_DAY_WITHIN]
    half = half or next((_PARTS[word] for word in near if word in _PARTS), "")
    return _settle(hour, minute, half, earliest), start + taken + more


def _past_or_to(rest: list[str]) -> tuple[int, int, int] | None:
    """`half past three`, `quarter to four`, `ten past nine`: hour, minute, words taken."""
    start = 1 if rest[:2] == ["a", "quarter"] else 0
    if rest[start : start + 1] in (["half"], ["quarter"]):
        minutes, taken = (30 if rest[start] == "half" else 15), start + 1
    elif found := leading_number(rest):
        minutes, taken = found
    else:
        return None
    direction = rest[taken] if taken < len(rest) else ""
    hour = leading_number(rest[taken + 1 : taken + 2])
    if direction not in ("past", "after", "to", "before", "til", "till") or not hour or not 1 <= hour[0] <= 12:
        return None
    if direction in ("past", "after"):
        return hour[0], minutes, taken + 2
    return (hour[0] - 1) or 12, 60 - minutes, taken + 2


def _hour_and_minutes(rest: list[str], *, bare: bool) -> tuple[int, int, int] | None:
    if clock := _clock(rest, bare=bare):
        return *clock, 1
    found = leading_number(rest[:1])
    if not found or found[0] > 24:
        return None
    hour = found[0]
    after = rest[1] if len(rest) > 1 else ""
    if after in ("o'clock", "oclock"):
        return hour % 24, 0, 2
    if after == "oh" and (minute := leading_number(rest[2:3])):
        return hour % 24, minute[0], 3
    minutes = leading_number(rest[1:])
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


def say_time(moment: time) -> str:
    """`ten thirty`, `two o'clock`, `noon`."""
    if (moment.hour, moment.minute) == (12, 0):
        return "noon"
    hour = UNITS[moment.hour % 12 or 12]
    if moment.minute == 0:
        return f"{hour} o'clock"
    return f"{hour} oh {UNITS[moment.minute]}" if moment.minute < 10 else f"{hour} {say_number(moment.minute)}"
