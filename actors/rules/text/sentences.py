"""Text as it is generated, cut into pieces to be spoken: a clause first, so that speech begins early, then sentences.

A cut is decided by the text before it and the least that must be known of the text behind it; all pieces together are
the text, to the character. Where a token ends with the certain end of a sentence (`sentence_end`) its piece is given at
once, and the white space behind begins the next one; else white space belongs to the piece before it. How the text is
cut into tokens changes nothing else, if they keep a stop with what is glued to it. Only where the text pauses is a
piece given whose end is likely and not certain: else the caller waits as long as the model does.
"""

# ruff: noqa: RUF001 - punctuation of several scripts is what this file is about

import re
from enum import Enum

from actors.rules.text.abbreviations import (
    ABBREVIATED_ENDINGS,
    ABBREVIATIONS,
    MONTHS,
    SHORT_WORDS,
    STARTERS,
    TITLES,
    WEEKDAYS,
)
from actors.rules.text.sentence_end import LEAST_LETTERS, ends_surely, open_marks

FIRST_MIN_CHARS = 16
"""The fewest characters of a first clause; a shorter one waits for the next, unless it ends a sentence."""

FIRST_MAX_CHARS = 120
"""The most characters of a first piece without punctuation; it is cut there, between words."""

MAX_CHARS = 240
"""The most characters of a later piece without punctuation; it is cut there, between words."""

PAUSE_S = 0.7
"""Seconds without a token after which a model has paused; shorter gaps lie between bursts."""

WIDE_CHARS = 3
"""How many letters say as much as one ideograph."""

_CLOSERS = "\"'”’)\\]}»*_"
_WIDE_CLOSERS = "」』）】》”’"
_MARK = re.compile(
    # Blanks are looked through from their beginning only: from each of them, many would take the square of the time.
    rf"(?P<newline>(?:(?<![^\S\n])[^\S\n]*)?\n\s*)"
    rf"|(?P<wide_stop>[。！？｡]+[{_WIDE_CLOSERS}]*\s*)"
    rf"|(?P<wide_clause>[、，；：][{_WIDE_CLOSERS}]*\s*)"
    rf"|(?P<stop>[.!?…।؟]+)(?P<closers>[{_CLOSERS}]*)(?P<stop_space>\s*)"
    rf"|(?P<dash>—+\s*)"
    rf"|(?P<clause>[,;:،؛][{_CLOSERS}]*|(?<=\s)(?:--?|–)(?=\s))(?P<clause_space>\s*)"
)
_MARK_CHARACTER = re.compile(r"[\n。！？｡、，；：.!?…।؟—,;:،؛–-]")
"""Matches a character of which every mark has at least one: words without are passed over in a seventh of the time."""
_MAY_BEGIN_MARK = " \t\u00a0\u2009\u202f\u3000-–"
_LAST_WORD = re.compile(r"[^\s(\[{\"'“‘«*_,;:/—-]*\Z")
_OPENERS = re.compile(r"[\"'“‘(\[{«*_]*")
_LETTERS = re.compile(r"[^\W\d_]*")
_INITIALS = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")
_LIST_NUMBER = re.compile(r"(?:\A\s*|\n\s*|[,;:)]\s+)\(?\d{1,3}\Z")
_ORDINAL = re.compile(r"\b(?:am|im|zum|zur|vom|beim|der|die|das|den|dem|des|jede[rnms]?)\s+\d{1,4}\Z", re.IGNORECASE)
"""Matches an ordinal number after a German article: "im 2. Stock"."""
_SPACE = re.compile(r"\s*")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_UNSPACED = re.compile(r"[\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uff65]")
"""Matches characters of scripts that are written without blanks, and their punctuation."""
_BREAK = re.compile(
    rf"(?<=\d)\s+(?=[^\d\s])|(?<=[^\d\s])\s+(?=\S)|(?<={_WIDE.pattern})(?={_WIDE.pattern})",
)
_DAY_DIGITS = 2


def following(said: str, text: str) -> str:
    """`text`, so that it can follow what was `said`: models that go on later begin without the blank that is due."""
    behind, before = said[-1:], text[:1]
    apart = not behind or not before or behind.isspace() or before.isspace() or before in ".,;:!?)"
    if apart or _UNSPACED.match(behind) or _UNSPACED.match(before):
        return text
    return f" {text}"


def sentences(text: str) -> list[str]:
    """The sentences of a whole text, with the white space behind each; nothing is left out."""
    splitter = SentenceSplitter(len(text) + 1, WIDE_CHARS * len(text) + 1, WIDE_CHARS * len(text) + 1)
    return [*splitter.push(text), *splitter.finish()]


class _Cut(Enum):
    """What a punctuation mark allows: to cut there or not."""

    UNKNOWN = "unknown"  # more text is needed
    NOTHING = "nothing"
    CLAUSE = "clause"
    SENTENCE = "sentence"


class SentenceSplitter:
    """Cuts the text of one reply into pieces as it comes in."""

    __slots__ = (
        *("_clause_end", "_first", "_first_min_chars", "_judged", "_limit_chars", "_max_chars", "_open", "_text"),
        "_unbroken",
    )

    def __init__(
        self,
        first_min_chars: int = FIRST_MIN_CHARS,
        first_max_chars: int = FIRST_MAX_CHARS,
        max_chars: int = MAX_CHARS,
    ) -> None:
        self._first_min_chars = first_min_chars
        self._limit_chars = first_max_chars
        self._max_chars = max_chars
        self._first = True
        self._text = ""
        self._judged = 0
        self._clause_end = 0
        self._unbroken = 0
        """The index up to which there is no place to cut behind the limit."""
        self._open = ""
        """The quotation marks and brackets that are open at the end of the pieces so far."""

    def push(self, text: str) -> list[str]:
        """Add `text`, and return the pieces that it completes."""
        self._text += text
        if (not text or text.isspace()) and "\n" not in text:
            # What is complete before blanks is known with what follows them; a model may write nothing else for long.
            return []
        pieces = self._pieces(final=False)
        if ends_surely(self._text) and not open_marks(self._open, self._text):
            pieces.append(self._cut_off(len(self._text)))
        return pieces

    def pause(self) -> list[str]:
        """Return the pieces that would be complete if the text ended here; what is none waits for what follows."""
        return self._pieces(final=True)

    def finish(self) -> list[str]:
        """End the text, and return what is left of it in pieces, if anything is."""
        pieces = self._pieces(final=True)
        if self._text:
            pieces.append(self._cut_off(len(self._text)))
        return pieces

    def _pieces(self, *, final: bool) -> list[str]:
        pieces: list[str] = []
        while self._text and (end := self._next_end(final=final)):
            pieces.append(self._cut_off(end))
        return pieces

    def _cut_off(self, end: int) -> str:
        piece, self._text = self._text[:end], self._text[end:]
        self._judged = self._clause_end = self._unbroken = 0
        self._open = open_marks(self._open, piece)
        self._first, self._limit_chars = False, self._max_chars
        return piece

    def _next_end(self, *, final: bool) -> int:
        """Where the next piece ends; 0 if that is not known yet."""
        lead = _match_end(_SPACE, self._text, 0)
        limit = _reach(self._text, lead, self._limit_chars)
        while True:
            has_mark = _MARK_CHARACTER.search(self._text, self._judged) is not None
            mark = _MARK.search(self._text, self._judged) if has_mark else None
            if mark is None:
                # What comes next can only make a mark of white space and dashes that the text ends with.
                self._judged = max(self._judged, len(self._text.rstrip(_MAY_BEGIN_MARK)))
            if limit and (mark is None or mark.start() >= limit):
                end = self._end_without_mark(lead, limit, mark.start() if mark else len(self._text))
                if end:
                    return end
            if mark is None or (mark.end() == len(self._text) and not final):
                return 0
            worth = self._worth(mark, final=final)
            if worth is _Cut.UNKNOWN:
                return 0
            if worth is _Cut.SENTENCE or (worth is _Cut.CLAUSE and self._is_enough(mark.end())):
                return mark.end()
            self._judged = mark.end()
            if worth is _Cut.CLAUSE:
                self._clause_end = mark.end()

    def _is_enough(self, end: int) -> bool:
        """Whether a clause that ends here is a piece: the first one, if it is not too short."""
        return self._first and _chars(self._text[:end]) >= self._first_min_chars

    def _end_without_mark(self, lead: int, limit: int, stop: int) -> int:
        """Where to cut text that goes on and on: after its last clause or between words, before `limit` if it can.

        `lead` is how much white space there is before it.
        """
        if (self._clause_end - lead) * 3 >= limit - lead:
            return self._clause_end
        ends = [found.end() for found in _BREAK.finditer(self._text, 0, limit + 1)]
        if ends:
            return ends[-1]
        later = _BREAK.search(self._text, max(limit, self._unbroken), stop + 1)
        if later is None:
            # A break may yet end behind the blanks before `stop`; what is before them is looked through once.
            self._unbroken = len(self._text[: stop + 1].rstrip())
        return later.end() if later else 0

    def _worth(self, mark: re.Match[str], *, final: bool) -> _Cut:
        if "\n" in mark[0] or mark["wide_stop"]:
            return _Cut.SENTENCE if any(map(str.isalnum, self._text[: mark.start()])) else _Cut.NOTHING
        if mark["wide_clause"]:
            return _Cut.CLAUSE
        if mark["dash"]:
            around = self._text[mark.start() - 1 : mark.start()] + self._text[mark.end() : mark.end() + 1]
            return _Cut.NOTHING if around.isdigit() else _Cut.CLAUSE
        if mark["clause"]:
            return _Cut.CLAUSE if mark["clause_space"] else _Cut.NOTHING
        # A figure may go on behind its point.
        is_last = final and mark.end() == len(self._text) and not self._word_before(mark.start()).isdigit()
        return self._worth_of_stop(mark, final=final) if mark["stop_space"] or is_last else _Cut.NOTHING

    def _worth_of_stop(self, mark: re.Match[str], *, final: bool) -> _Cut:
        """A full stop, a question mark or the like, with white space behind it."""
        next_at = _match_end(_OPENERS, self._text, mark.end())
        if next_at == len(self._text) and not final:
            return _Cut.UNKNOWN
        if not any(map(str.isalnum, self._text[: mark.start()])):
            return _Cut.NOTHING
        goes_on = self._text[next_at : next_at + 1].islower()
        if mark["stop"] != ".":
            return _Cut.CLAUSE if goes_on and (mark["closers"] or mark["stop"][0] in ".…") else _Cut.SENTENCE
        word = self._word_before(mark.start())
        if word in TITLES or any(number.search(self._text, 0, mark.start()) for number in (_LIST_NUMBER, _ORDINAL)):
            return _Cut.NOTHING
        if word in WEEKDAYS and self._text[next_at : next_at + 1].isdigit():
            return _Cut.NOTHING
        if word.isdecimal() and len(word) <= _DAY_DIGITS and (worth := self._worth_before_month(next_at)):
            return worth
        if word in ABBREVIATIONS or word.endswith(ABBREVIATED_ENDINGS) or _INITIALS.fullmatch(word):
            return self._worth_by_next_word(next_at, final=final)
        may_be_short_form = not word.isalpha() or (len(word) < LEAST_LETTERS and word not in SHORT_WORDS)
        if goes_on and (mark["closers"] or may_be_short_form):
            return _Cut.NOTHING
        return _Cut.SENTENCE

    def _worth_by_next_word(self, next_at: int, *, final: bool) -> _Cut:
        end = _match_end(_LETTERS, self._text, next_at)
        if end == len(self._text) and not final:
            return _Cut.UNKNOWN
        word = self._text[next_at:end]
        return _Cut.SENTENCE if word[:1].isupper() and word.lower() in STARTERS else _Cut.NOTHING

    def _worth_before_month(self, next_at: int) -> _Cut | None:
        """A number is the ordinal of a month, or may be once the next word is whole; None if it is neither."""
        end = _match_end(_LETTERS, self._text, next_at)
        word = self._text[next_at:end].lower()
        if end < len(self._text):
            return _Cut.NOTHING if word in MONTHS else None
        return _Cut.UNKNOWN if word and any(month.startswith(word) for month in MONTHS) else None

    def _word_before(self, end: int) -> str:
        found = _LAST_WORD.search(self._text, max(0, end - 40), end)
        return found[0].lower() if found else ""


def _match_end(pattern: re.Pattern[str], text: str, start: int) -> int:
    found = pattern.match(text, start)
    return found.end() if found else start


def _chars(text: str) -> int:
    """The length of `text` in letters: an ideograph counts as `WIDE_CHARS` of them."""
    return len(text) if text.isascii() else len(text) + (WIDE_CHARS - 1) * len(_WIDE.findall(text))


def _reach(text: str, start: int, chars: int) -> int:
    """The index in `text` before which it says `chars` from `start` on; 0 if it says no more than that."""
    if text.isascii():
        return start + chars if len(text) > start + chars else 0
    said = 0
    for index in range(start, len(text)):
        if said >= chars:
            return index
        said += WIDE_CHARS if _WIDE.match(text, index) else 1
    return 0
