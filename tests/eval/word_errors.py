"""Word error rate: how many words have to be changed, left out or put in to make what was heard what was said."""

import re
from collections.abc import Callable, Sequence

import msgspec

from app.dialogue.words import plain

_DIGITS = re.compile(r"\d+")
_ALIKE = {
    r"'m\b": " am",
    r"'re\b": " are",
    r"'ll\b": " will",
    r"'ve\b": " have",
    r"\bgood bye\b": "goodbye",
    r"\boh\b": "zero",
}
"""What is written in two ways and sounds the same, or nearly so."""
_ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


class WordErrors(msgspec.Struct, frozen=True):
    """Errors in utterances that have so many words."""

    words: int = 0
    errors: int = 0
    utterances: int = 0
    exact: int = 0
    """Utterances without an error."""

    @property
    def rate(self) -> float:
        """Errors for each word that was said."""
        return self.errors / self.words if self.words else 0.0

    def __add__(self, other: "WordErrors") -> "WordErrors":
        return WordErrors(
            self.words + other.words,
            self.errors + other.errors,
            self.utterances + other.utterances,
            self.exact + other.exact,
        )


def word_errors(said: str, heard: str) -> WordErrors:
    """The errors in one utterance; figures count as the words that suit best."""
    truth = _words(said)
    errors = min(distance(truth, _words(_DIGITS.sub(way, heard.lower()))) for way in (_cardinal, _one_by_one, _pairs))
    return WordErrors(len(truth), errors, 1, int(errors == 0))


def distance(one: Sequence[str], other: Sequence[str]) -> int:
    """How many words are to be changed, left out or put in."""
    row = list(range(len(other) + 1))
    for number, word in enumerate(one, start=1):
        before, row[0] = row[0], number
        for at, another in enumerate(other, start=1):
            before, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, before + (word != another))
    return row[-1]


def _words(text: str) -> list[str]:
    words = plain(text)
    for written, meant in _ALIKE.items():
        words = re.sub(written, meant, words)
    return words.split()


Way = Callable[[re.Match[str]], str]


def _cardinal(match: re.Match[str]) -> str:
    return f" {_below_hundred(int(match[0]))} " if int(match[0]) < 100 else _one_by_one(match)


def _one_by_one(match: re.Match[str]) -> str:
    return f" {' '.join(_ONES[int(digit)] for digit in match[0])} "


def _pairs(match: re.Match[str]) -> str:
    """As years are read."""
    digits = match[0]
    if len(digits) != 4:
        return _cardinal(match)
    return f" {_below_hundred(int(digits[:2]))} {_below_hundred(int(digits[2:]))} "


def _below_hundred(number: int) -> str:
    if number < 20:
        return _ONES[number]
    return _TENS[number // 10 - 2] + (f" {_ONES[number % 10]}" if number % 10 else "")
