"""What a caller says, as one utterance: how much of it, and what was said twice. Pure."""

import re
from difflib import SequenceMatcher

MAX_UTTERANCE_CHARS = 6_000
"""The most characters of one user message, after merging: about seven minutes of speech, or a page and a half of
typing."""


def bounded_utterance(text: str) -> str:
    """`text`, or its last words that fit into `MAX_UTTERANCE_CHARS` characters.

    A caller who goes on adding to an utterance means what came last: the oldest words are left out.
    """
    if len(text) <= MAX_UTTERANCE_CHARS:
        return text
    kept = text[-MAX_UTTERANCE_CHARS:]
    if text[-MAX_UTTERANCE_CHARS - 1].isspace() or kept[0].isspace():
        return kept.strip()
    _, blank, whole_words = kept.partition(" ")
    return whole_words.strip() if blank else kept


SAME_WORDS = 0.6
"""The share of words that two utterances have in common, in the same order, if the second repeats the first."""
COMPARED_WORDS = 100
"""How many words of two utterances are compared, from their beginning: the time grows with the cube of it."""


def repeated_utterance(said: str, again: str) -> str:
    """What a caller means who said `said`, was asked to say it again, and said `again`: each thing once, bounded.

    Words said again replace the former ones, a part of them said again adds nothing, and other words follow.
    """
    former, latter = _words(said), _words(again)
    if latter and f" {' '.join(latter)} " in f" {' '.join(former)} ":
        return bounded_utterance(said)
    if latter[: len(former)] == former or _are_alike(former[:COMPARED_WORDS], latter[:COMPARED_WORDS]):
        return bounded_utterance(again)
    return joined_utterance(said, again)


def _are_alike(former: list[str], latter: list[str]) -> bool:
    return SequenceMatcher(None, former, latter, autojunk=False).ratio() >= SAME_WORDS


def _words(text: str) -> list[str]:
    return re.findall(r"[\w']+", text.casefold())


def joined_utterance(said: str, more: str) -> str:
    """Two parts of one utterance as one, bounded."""
    return bounded_utterance(f"{said} {more}".strip())
