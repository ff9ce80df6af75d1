"""Words that only say "I am listening"."""

import re
from collections.abc import Sequence
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")


def words_of(text: str) -> list[str]:
    """The words of `text`, lower case, without punctuation."""
    return _WORD.findall(text.lower().replace("\u2019", "'"))


@lru_cache(maxsize=64)
def _phrases(backchannels: tuple[str, ...]) -> dict[str, list[list[str]]]:
    """By first word, longest first, so that "uh huh" is not taken for "uh" and a word."""
    phrases = sorted((words for b in backchannels if (words := words_of(b))), key=len, reverse=True)
    return {words[0]: [other for other in phrases if other[0] == words[0]] for words in phrases}


def meaningful_words(text: str, backchannels: Sequence[str]) -> int:
    """How many words of `text` are not part of a backchannel."""
    words = words_of(text)
    phrases = _phrases(tuple(backchannels))
    count = position = 0
    while position < len(words):
        alike = phrases.get(words[position], ())
        match = next((phrase for phrase in alike if words[position : position + len(phrase)] == phrase), None)
        count += match is None
        position += len(match) if match else 1
    return count
