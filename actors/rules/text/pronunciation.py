"""Words that are said otherwise than they are written: what an engine is given, and what text that stands for. Pure."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from actors.agent import Pronunciation

_UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
"""Matches a character of a script that is written without blanks between words."""


class _Change(msgspec.Struct, frozen=True):
    """Where a word is in all text of a reply, as it is written and as it is said."""

    written: tuple[int, int]
    said: tuple[int, int]


class PronouncedReply:
    """The text of one reply, piece by piece, as its engine is to say it.

    Args:
        lexicon: how words are said; of several that begin at the same place the longest counts.
    """

    def __init__(self, lexicon: tuple[Pronunciation, ...]) -> None:
        self._pattern = _pattern(lexicon)
        self._says = {_plain(entry.word): entry.say for entry in lexicon}
        self._changes: list[_Change] = []
        self._written = self._said = 0
        self._last_word = -1

    def write(self, text: str) -> str:
        """What is said for the next piece of the reply."""
        parts: list[str] = []
        at, said = 0, self._said
        for match in self._pattern.finditer(text):
            before, say = text[at : match.start()], self._says[_plain(match[0])]
            said += len(before)
            written = (self._written + match.start(), self._written + match.end())
            self._changes.append(_Change(written, (said, said + len(say))))
            parts += [before, say]
            at, said = match.end(), said + len(say)
        parts.append(text[at:])
        self._written += len(text)
        self._said = said + len(text) - at
        return "".join(parts)

    def word(self, start: int, end: int) -> tuple[int, int] | None:
        """The written word of which characters `start` to `end` are said; None if it was told already."""
        written = self._place(start, is_end=False), self.end(end)
        if written[0] == self._last_word:
            return None
        self._last_word = written[0]
        return written

    def end(self, said: int) -> int:
        """Up to where the written text is said when the first `said` characters of what is said are."""
        return self._place(said, is_end=True)

    def _place(self, said: int, *, is_end: bool) -> int:
        at = bisect_right(self._changes, said - is_end, key=lambda change: change.said[0])
        if at == 0:
            return said
        change = self._changes[at - 1]
        if said - is_end < change.said[1]:
            return change.written[is_end]
        return change.written[1] + said - change.said[1]


@lru_cache(maxsize=256)
def _pattern(lexicon: Sequence[Pronunciation]) -> re.Pattern[str]:
    words = sorted((entry.word for entry in lexicon), key=len, reverse=True)
    return re.compile("|".join(map(_alternative, words)) or r"(?!)")


def _alternative(word: str) -> str:
    before = "" if _is_free(word[0]) else r"(?<!\w)"
    after = "" if _is_free(word[-1]) else r"(?!\w)"
    return before + re.escape(_plain(word)).replace("'", "['’]") + after  # noqa: RUF001 - models write both


def _is_free(character: str) -> bool:
    return not character.isalnum() or _UNSPACED.match(character) is not None


def _plain(word: str) -> str:
    return word.replace("’", "'")  # noqa: RUF001 - models write both
