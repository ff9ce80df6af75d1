"""Text on its way to the voice: stretches made in one go, what is said for what is written, where words are.

Numbers, dates, times, money, units and most abbreviations are spoken by hibari's own normalizer. Here is what it reads
as sums or as words: telephone numbers, codes, ranges, and abbreviations of other languages in names and addresses.
"""

# ruff: noqa: RUF001 - other dashes are meant

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

FIRST_CHARS, LATER_CHARS, MOST_CHARS = 10, 60, 240
"""A first stretch has at least so many characters and sounds soon; later ones are longer, for they sound better so."""

_ENDS_SENTENCE = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+")
_ENDS_CLAUSE = re.compile(r"(?<=[;:])\s+|(?<=,)\s+(?=\S+\s+\S+\s+\S)")
_SHORTENED = re.compile(
    r"(?:\b(?:Dr|Mr|Mrs|Ms|Mme|Mlle|Prof|St|Jr|Sr|Sra|Srta|No|nr|Nr|ca|approx|vs|etc|e\.g|i\.e|Ave|Rd|Blvd|[A-Z])|str)\.\s*$"
)
_WORD = re.compile(r"\S+")

_ABBREVIATIONS = {
    "mme": "Madame",
    "mlle": "Mademoiselle",
    "sr": "Senior",
    "sra": "Señora",
    "srta": "Señorita",
    "nr": "number",
    "ca": "about",
    "approx": "about",
    "vs": "versus",
}
_ABBREVIATION = re.compile(r"\b(Mme|Mlle|Sr|Sra|Srta|Nr|nr|ca|approx|vs)\.(?=\s+\S)")
_STREET = re.compile(r"(?<=[a-zäöü])str\.(?=\s|$)")
_TELEPHONE = re.compile(
    r"(?<![\w.,$€£-])(\+?)"
    r"(\(?\d{1,4}\)?(?:(?:[ .-]|(?<=\)))\(?\d{2,4}\)?){2,5}|(?<=\+)\d{7,15}|\d{8,15})"
    r"(?![\w-]|[.,]\d)"
)
_LOCAL_TELEPHONE = re.compile(r"\d{3}-\d{4}")
_DATE_OR_YEARS = re.compile(r"\d{4}-\d{4}|\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[.-]\d{1,2}[.-]\d{4}")
_RANGE = re.compile(
    r"(?<![\w.,/+-])(\d{1,4}(?::\d\d)?)\s?[-–]\s?(\d{1,4}(?::\d\d)?(?:\s?[ap]\.?m\.?)?)(?![\w/-]|[.,:]\d)"
)
_CODE = re.compile(r"(?<![\w-])(?=[A-Z\d-]*\d)(?=[A-Z\d-]*[A-Z])[A-Z\d]+(?:-[A-Z\d]+)*(?![\w-])")
_ORDINAL_OR_UNIT = re.compile(r"\d+(?:ST|ND|RD|TH|AM|PM|S)")
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


class Span(NamedTuple):
    """Characters `start` to `end` of a text."""

    start: int
    end: int


def clauses(text: str) -> Iterator[Span]:
    """Cut `text` at the ends of sentences, and long sentences at those of clauses; the spans leave nothing out."""
    start = 0
    for end in [*_sentence_ends(text), len(text)]:
        least = FIRST_CHARS if start == 0 else LATER_CHARS
        for match in _ENDS_CLAUSE.finditer(text, start, end):
            if match.end() - start >= least and end - match.end() >= FIRST_CHARS:
                yield from _bounded(text, start, match.end())
                start, least = match.end(), LATER_CHARS
        if start < end:
            yield from _bounded(text, start, end)
        start = end


def words(text: str, span: Span) -> list[Span]:
    """The written words of a span that have something to pronounce, without the punctuation around them."""
    found = []
    for match in _WORD.finditer(text, span.start, span.end):
        letters = [at for at in range(match.start(), match.end()) if text[at].isalnum()]
        if letters:
            found.append(Span(letters[0], letters[-1] + 1))
    return found


def speakable(text: str) -> str:
    """`text` with telephone numbers, codes, ranges and abbreviations in words; the rest is left to the normalizer."""
    text = _ABBREVIATION.sub(lambda match: _ABBREVIATIONS[match[1].lower()], text)
    text = _STREET.sub("strasse", text)
    text = _TELEPHONE.sub(_telephone, text)
    text = _RANGE.sub(_range, text)
    return _CODE.sub(_code, text)


def digit_by_digit(text: str) -> str:
    """`text` with each digit as a word, for figures that are longer than any number has a name for."""
    return re.sub(r"\d", lambda digit: f" {_DIGITS[int(digit[0])]} ", text)


def aligned(written: Sequence[str], spoken: Sequence[str]) -> list[int]:
    """For each written word the first of the spoken words that stand for it."""
    starts: list[int] = []
    matcher = SequenceMatcher(None, [_bare(word) for word in written], [_bare(word) for word in spoken], autojunk=False)
    for kind, from_written, to_written, from_spoken, to_spoken in matcher.get_opcodes():
        if kind == "insert":
            continue
        share = (to_spoken - from_spoken) / (to_written - from_written)
        starts += [min(from_spoken + int(share * n), max(len(spoken) - 1, 0)) for n in range(to_written - from_written)]
    return starts


def _sentence_ends(text: str) -> list[int]:
    return [match.end() for match in _ENDS_SENTENCE.finditer(text) if not _SHORTENED.search(text[: match.end()])]


def _bounded(text: str, start: int, end: int) -> Iterator[Span]:
    """The span itself, or as many as keep the length, cut between words where there are any."""
    while end - start > MOST_CHARS:
        space = text.rfind(" ", start, start + MOST_CHARS)
        cut = space + 1 if space > start else start + MOST_CHARS
        yield Span(start, cut)
        start = cut
    yield Span(start, end)


def _telephone(match: re.Match[str]) -> str:
    plus, number = match[1], match[2]
    digits = re.sub(r"\D", "", number)
    if _DATE_OR_YEARS.fullmatch(number) or not 7 <= len(digits) <= 15:
        return match[0]
    groups = re.findall(r"\d+", number)
    if len(groups) == 1:
        groups = _grouped(digits, bool(plus))
    return ("plus " if plus else "") + ", ".join(" ".join(_DIGITS[int(digit)] for digit in group) for group in groups)


def _grouped(digits: str, has_country: bool) -> list[str]:
    """Digits in the groups in which people say them: those of North America as 3, 3 and 4, others by threes."""
    if len(digits) == 10 or (len(digits) == 11 and digits[0] == "1" and has_country):
        return [*([digits[0]] if len(digits) == 11 else []), digits[-10:-7], digits[-7:-4], digits[-4:]]
    return [digits[at : at + 3] for at in range(0, len(digits), 3)]


def _range(match: re.Match[str]) -> str:
    return match[0] if _LOCAL_TELEPHONE.fullmatch(match[0]) else f"{match[1]} to {match[2]}"


def _code(match: re.Match[str]) -> str:
    if _ORDINAL_OR_UNIT.fullmatch(match[0]):
        return match[0]
    return " ".join(_DIGITS[int(char)] if char.isdigit() else char for char in match[0] if char != "-")


def _bare(word: str) -> str:
    return "".join(filter(str.isalnum, word)).lower()
