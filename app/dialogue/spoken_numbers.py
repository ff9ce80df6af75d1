"""Numbers in spoken English: read from words, put into words, and what is chosen by them.

What is read takes the words of a sentence and a position, and returns the value that begins there with the number of
words it takes, or None.
"""

import re
from collections.abc import Sequence

UNITS = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
NUMBERS = {word: value for value, word in enumerate(UNITS)} | TENS | {"oh": 0, "a": 1, "an": 1, "couple": 2}
_FIRST_ORDINALS = [
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
    "twentieth",
]  # fmt: skip
ORDINALS = {word: value for value, word in enumerate(_FIRST_ORDINALS, start=1)} | {"thirtieth": 30}
NUMBER_WORDS = frozenset((*UNITS, *TENS, *ORDINALS, "hundred", "thousand", "number"))
"""Words that numbers consist of; none of them is part of a person's name."""
_DIGIT_ORDINAL = re.compile(r"(\d{1,2})(?:st|nd|rd|th)")
MAX_DIGITS = 20
"""The most digits of one number: more than any number that is asked for has, and few enough to be read quickly."""

_OTHERS = frozenset(str.split("other others different more later earlier else"))
_LEFT_TO_US = (
    "whichever", "whatever", "you choose", "you pick", "you decide", "up to you", "your choice", "surprise me",
    "no preference", "don't care", "do not care", "don't mind", "do not mind", "doesn't matter", "does not matter",
)  # fmt: skip


def read_number(words: list[str], at: int) -> tuple[int, int] | None:
    """A whole number: `forty two`, `one hundred and five`, `12`; or three and more digits said one by one."""
    rest = words[at : at + MAX_DIGITS]
    digits = [str(UNITS.index(word)) for word in _while_digits(rest)]
    if len(digits) > 2:
        return int("".join(digits)), len(digits)
    if rest and rest[0].isdecimal() and len(rest[0]) <= MAX_DIGITS:
        return int(rest[0]), 1
    hundreds = 0
    taken = 0
    if rest[1:2] == ["hundred"] and rest[0] in ("a", *UNITS[1:10]):
        hundreds = NUMBERS[rest[0]] * 100
        taken = 3 if rest[2:3] == ["and"] else 2
    found = leading_number(rest[taken:])
    if found:
        return hundreds + found[0], taken + found[1]
    return (hundreds, 2) if hundreds else None


def _while_digits(rest: list[str]) -> list[str]:
    count = next((index for index, word in enumerate(rest) if word not in UNITS[:10]), len(rest))
    return rest[:count]


def leading_number(rest: list[str]) -> tuple[int, int] | None:
    """The number below a hundred with which `rest` begins, such as `twenty five`, and the words it takes."""
    if not rest:
        return None
    if rest[0].isdecimal() and len(rest[0]) < 3:
        return int(rest[0]), 1
    if rest[0] in TENS:
        unit = NUMBERS.get(rest[1], 0) if len(rest) > 1 and rest[1] not in ("a", "an", "oh", "couple") else 0
        return (TENS[rest[0]] + unit, 2) if 0 < unit < 10 else (TENS[rest[0]], 1)
    return (NUMBERS[rest[0]], 1) if rest[0] in UNITS else None


def leading_ordinal(rest: list[str]) -> tuple[int, int] | None:
    """The ordinal below forty with which `rest` begins, such as `twenty first` or `3rd`, and the words it takes."""
    if not rest:
        return None
    if digits := _DIGIT_ORDINAL.fullmatch(rest[0]):
        return int(digits[1]), 1
    if rest[0] in ("twenty", "thirty") and len(rest) > 1 and ORDINALS.get(rest[1], 10) < 10:
        return TENS[rest[0]] + ORDINALS[rest[1]], 2
    return (ORDINALS[rest[0]], 1) if rest[0] in ORDINALS else None


def ordinal_choice(words: list[str], count: int) -> int | None:
    """Which of `count` things is meant by `the second one`, `the last`, `the earliest`, `either`; from 0.

    A caller who leaves the choice to us ("whichever", "you choose") gets the first.
    """
    if is_left_to_us(words):
        return 0
    for before, word, behind in zip(["", *words], words, [*words[1:], ""], strict=False):
        if before in TENS:  # "the thirty first"
            continue
        if before in ("number", "option") and 0 < NUMBERS.get(word, 0) <= count:
            return NUMBERS[word] - 1
        if word in ("last", "latest") or (word == "later" and before == "the"):
            return count - 1
        if word in ("earliest", "soonest") or (word == "earlier" and before == "the"):
            return 0
        if word in ("either", "any") and behind not in _OTHERS:
            return 0
        if word in ORDINALS and ORDINALS[word] <= count:
            return ORDINALS[word] - 1
    return None


def is_left_to_us(words: Sequence[str]) -> bool:
    """Whether the caller leaves a choice to us: `whichever`, `you choose`, `i don't care`."""
    return any(f" {phrase} " in f" {' '.join(words)} " for phrase in _LEFT_TO_US)


def say_number(number: int) -> str:
    """A number below a hundred in words; larger ones in digits."""
    if not 0 <= number < 100:
        return str(number)
    if number < 20:
        return UNITS[number]
    tens = next(word for word, value in TENS.items() if value == number // 10 * 10)
    return f"{tens} {UNITS[number % 10]}" if number % 10 else tens


def say_ordinal(number: int) -> str:
    """The ordinal of a number from 1 to 39, such as `twenty first`."""
    by_value = {value: word for word, value in ORDINALS.items()}
    if number in by_value:
        return by_value[number]
    tens = "twenty" if number < 30 else "thirty"
    return f"{tens} {by_value[number % 10]}"
