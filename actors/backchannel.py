"""Words that only say "I am listening"."""

import re
from collections.abc import Sequence
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")


def words_of(text: str) -> list[str]:
    """The words of `text`, lower case, without punctuation."""
    return _WORD.findall(text.lower().replace("\u2019", "'"))


@lru_cache(maxsize=64)
def _phrases(backchannels: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Longest first, so that "uh huh" is not taken for "uh" and a word."""
    return tuple(sorted((tuple(words_of(b)) for b in backchannels), key=len, reverse=True))


def meaningful_words(text: str, backchannels: Sequence[str]) -> int:
    """How many words of `text` are not part of a backchannel."""
    words = words_of(text)
    phrases = _phrases(tuple(backchannels))
    count = position = 0
    while position < len(words):
        match = next((p for p in phrases if p and tuple(words[position : position + len(p)]) == p), None)
        count += match is None
        position += len(match) if match else 1
    return count
