"""Text on its way to the espeak engine: what is spoken of it, in segments of bounded length, and where its words are.

Nothing here changes a text's length, so that positions in what is spoken are positions in what was written.
"""

# ruff: noqa: RUF001 - punctuation of other languages is meant

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

SEGMENT_CHARS = 120
"""The engine cannot be interrupted in favour of another stream within a segment: about 8 s of audio, 15 ms of work."""

COMMA_PAUSE_MS = 150
CLAUSE_PAUSE_MS = 225
SENTENCE_PAUSE_MS = 300
"""What the engine itself pauses between clauses of one text, at its own 175 words a minute (measured)."""

_SENTENCE_ENDS = ".!?…。！？"
_CLAUSE_ENDS = ";:—–；："
_COMMAS = ",、，"
_CLOSERS = "\"'”’»)]}"
_AROUND_WORDS = _SENTENCE_ENDS + _CLAUSE_ENDS + _COMMAS + _CLOSERS + "“‘«([{-¡¿"

_SENTENCE_BREAK = re.compile(rf"[{_SENTENCE_ENDS}][{re.escape(_CLOSERS)}]*(?:\s|(?<=[。！？]))")
_CLAUSE_BREAK = re.compile(rf"[{_CLAUSE_ENDS}{_COMMAS}](?:\s|(?<=[、，；：]))")
_SPACE = re.compile(r"\s")
# The engine takes these full stops for the end of a sentence, and pauses.
_ABBREVIATION = re.compile(r"\b(Dr|Mr|Mrs|Ms|Prof|St|Jr|Sr|vs)\.(?=\s+\w)")
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\s\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")


class Segment(NamedTuple):
    """A part of a piece that is synthesised in one go."""

    start: int
    end: int
    pause_ms: int
    """The silence due between it and more speech."""


class Word(NamedTuple):
    """Where a word stands in the text, in characters."""

    start: int
    end: int


def spoken(text: str) -> str:
    """`text` with all that is not to be spoken, or that would steer the engine, as spaces: emoji, controls."""
    if text.isascii() and text.isprintable():
        return _ABBREVIATION.sub(r"\1 ", text)
    return _ABBREVIATION.sub(r"\1 ", "".join(map(_spoken_char, text)))


def has_speech(text: str) -> bool:
    """False for punctuation and spaces."""
    return any(map(str.isalnum, text))


def segments(text: str) -> Iterator[Segment]:
    """Cut a piece where it hurts least: at the last end of a sentence, of a clause, or space that keeps the length."""
    start = 0
    while len(text) - start > SEGMENT_CHARS:
        end = _cut(text, start)
        yield Segment(start, end, _pause_ms(text[start:end]))
        start = end
    yield Segment(start, len(text), _pause_ms(text[start:]))


def words(text: str) -> list[Word]:
    """The words of `text`, punctuation around them left out; a Chinese or Japanese character is one."""
    found = []
    for match in _WORD.finditer(text):
        token = match.group()
        start = match.start() + len(token) - len(token.lstrip(_AROUND_WORDS))
        end = match.start() + len(token.rstrip(_AROUND_WORDS))
        if start < end:
            found.append(Word(start, end))
    return found


def _cut(text: str, start: int) -> int:
    limit = start + SEGMENT_CHARS
    for pattern in (_SENTENCE_BREAK, _CLAUSE_BREAK, _SPACE):
        ends = [match.end() for match in pattern.finditer(text, start, limit)]
        if ends:
            return ends[-1]
    return limit


def _pause_ms(text: str) -> int:
    bare = text.rstrip().rstrip(_CLOSERS)
    match bare[-1:]:
        case "":
            return 0
        case char if char in _SENTENCE_ENDS:
            return SENTENCE_PAUSE_MS
        case char if char in _CLAUSE_ENDS:
            return CLAUSE_PAUSE_MS
        case char if char in _COMMAS:
            return COMMA_PAUSE_MS
        case _:
            return 0


@lru_cache(maxsize=4096)
def _spoken_char(char: str) -> str:
    category = unicodedata.category(char)
    if char in "\n\t":
        return char
    if category in ("Cc", "Cf", "Cs", "Co", "Cn") or (category in ("So", "Sk", "Me") and char >= "\u2190"):
        return " "
    return " " if "\ufe00" <= char <= "\ufe0f" or "\U0001f000" <= char <= "\U0001faff" else char
