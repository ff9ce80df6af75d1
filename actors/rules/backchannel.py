"""What an utterance is to somebody who is speaking or thinking: a sign of listening, an order to stop, or words.

Chinese, Japanese, Thai and the like write no blanks: there two characters count as a word, and phrases are found in
the text wherever they stand.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
_WITHOUT_BLANKS = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_PER_WORD = 2
"""How many characters count as one word in a script without blanks."""


def is_without_blanks(text: str) -> bool:
    """Whether `text` is, in part at least, of a script that writes no blanks between words."""
    return _WITHOUT_BLANKS.search(text) is not None


def words_of(text: str) -> list[str]:
    """The words of `text`, lower case, without punctuation; each character one where a script has no blanks."""
    words: list[str] = []
    for word in _WORD.findall(text.lower().replace("\u2019", "'")):
        words.extend(word if _WITHOUT_BLANKS.search(word) else (word,))
    return words


@lru_cache(maxsize=256)
def _phrases(*groups: tuple[str, ...]) -> dict[str, list[list[str]]]:
    """The phrases as words, by their first word; longest first, so that "uh huh" is not taken for "uh" and a word."""
    phrases = (phrase for group in groups for phrase in group)
    split = sorted((words for phrase in phrases if (words := words_of(phrase))), key=len, reverse=True)
    return {words[0]: [other for other in split if other[0] == words[0]] for words in split}


def meaningful_words(text: str, *ignored: Sequence[str], so_far: bool = False) -> int:
    """How many words of `text` are not part of one of the `ignored` phrases.

    Args:
        text: what was said.
        ignored: phrases that say nothing.
        so_far: more of it may come: the beginning of such a phrase at its end, "are you" of "are you there", is not
            counted until it is known how it goes on.
    """
    words = words_of(text)
    phrases = _phrases(*map(tuple, ignored))
    count = characters = position = 0
    while position < len(words):
        word = words[position]
        alike = phrases.get(word, ())
        match = next((p for p in alike if words[position : position + len(p)] == p), None)
        if so_far and any(_begins(p, words[position:]) for p in alike):
            break
        if match is None and _WITHOUT_BLANKS.match(word):
            characters += 1
        elif match is None:
            count += 1
        position += len(match) if match else 1
    return count + (characters + _PER_WORD - 1) // _PER_WORD


def begins_with(text: str, phrases: Sequence[str], unless: Sequence[str] = ()) -> bool:
    """Whether `text` begins with one of `phrases` and not with a longer one of `unless`: "no", but not "no problem".

    Those of `unless` may stand before it: "okay, stop".
    """
    for number, words in enumerate(_openings(text, unless)):
        length = _longest(words, phrases)
        if length > _longest(words, unless) and (number == 0 or _is_a_word(words, length)):
            return True
    return False


def may_become(text: str, phrases: Sequence[str]) -> bool:
    """Whether `text`, of which more may come, is the beginning of one of `phrases`: "no prob" of "no problem".

    Others of them may stand before it: "okay no prob".
    """
    by_first_word = _phrases(tuple(phrases))
    return any(
        phrase != words and _begins(phrase, words)
        for words in _openings(text, phrases)
        for phrase in by_first_word.get(words[0], ())
    )


def _openings(text: str, harmless: Sequence[str]) -> Iterator[list[str]]:
    """The words of `text`, and what is left of them behind each of the `harmless` phrases with which it begins."""
    words = words_of(text)
    while words:
        yield words
        length = _longest(words, harmless)
        if not _is_a_word(words, length):
            return
        words = words[length:]


def _is_a_word(words: list[str], length: int) -> bool:
    """Whether so many `words` are one at least.

    Where no blanks are written a single sign may be part of anything: 对不对 asks something, and has the signs of
    "right" and of "no".
    """
    return length >= (_PER_WORD if _WITHOUT_BLANKS.match(words[0]) else 1)


def _begins(phrase: list[str], words: list[str]) -> bool:
    """Whether `phrase` begins with `words`, the last of which may not be whole yet."""
    last = len(words) - 1
    return len(phrase) > last and phrase[:last] == words[:last] and phrase[last].startswith(words[last])


def _longest(words: list[str], phrases: Sequence[str]) -> int:
    alike = _phrases(tuple(phrases)).get(words[0], ()) if words else ()
    return next((len(phrase) for phrase in alike if words[: len(phrase)] == phrase), 0)


POLITE = (
    "please",
    "bitte",
    "por favor",
    "s'il vous plaît",
    "s'il te plaît",
    "per favore",
    "alstublieft",
    "一下",
    "ください",
)
"""Words that add no meaning to a request to wait, such as "please"."""


def asks_to_wait(text: str, waiting: Sequence[str], backchannels: Sequence[str]) -> bool:
    """Whether `text` says nothing but that the agent is to wait: "okay, hold on a minute please"."""
    says_more = meaningful_words(text, waiting, backchannels, POLITE)
    return not says_more and meaningful_words(text, backchannels, POLITE) > 0
