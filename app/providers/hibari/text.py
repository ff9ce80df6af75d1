"""Text on its way to the voice: stretches made in one go, and where its words are in what is said. Pure."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import accumulate
from typing import NamedTuple

from actors.rules.text.sentences import sentences

FIRST_CHARS, LATER_CHARS, MOST_CHARS = 10, 60, 240
"""The fewest characters of a first stretch, which sounds soon, and of later ones, which sound better if they are
longer; and the most of any."""

_ENDS_CLAUSE = re.compile(r"(?<=[;:])\s+|(?<=,)\s+(?=\S+\s+\S+\s+\S)")
_WORD = re.compile(r"\S+")


class Span(NamedTuple):
    """Characters `start` to `end` of a text."""

    start: int
    end: int


def clauses(text: str) -> Iterator[Span]:
    """Cut `text` at the ends of sentences, and long sentences at those of clauses; the spans leave nothing out."""
    start = 0
    for end in accumulate(map(len, sentences(text))):
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


def _bounded(text: str, start: int, end: int) -> Iterator[Span]:
    """The span itself, or as many as keep the length, cut between words where there are any."""
    while end - start > MOST_CHARS:
        space = text.rfind(" ", start, start + MOST_CHARS)
        cut = space + 1 if space > start else start + MOST_CHARS
        yield Span(start, cut)
        start = cut
    yield Span(start, end)


def _bare(word: str) -> str:
    return "".join(filter(str.isalnum, word)).lower()
