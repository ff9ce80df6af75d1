"""What an answer means: yes or no, and which slot a mentioned value is for."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from app.dialogue.mentions import Mention
from app.dialogue.schema import Dialogue, Texts
from app.dialogue.words import words_of

_BETWEEN = frozenset(("the", "on", "this", "next", "at"))
_LEAD_IN = 3
"""A yes or no counts if it begins within this many words, or anywhere in a sentence of at most `_SHORT` words."""
_SHORT = 6
_TAKEN_BACK = (("wait",), ("actually",), ("sorry",), ("i", "mean"), ("hold", "on"))
_UNCONCERNED = frozenset(("worry", "mind", "care", "know", "forget", "think", "understand", "have", "want", "need"))
_BEFORE_A_LEAD_IN, _CLEAR_LEAD_IN = 2, 3
"""This many words at most, before a lead-in of at least the second number of words, may be a misheard greeting: `the
low, do you know`."""


def polarity(words: Sequence[str], dialogue: Dialogue) -> bool | None:
    """True for a yes, False for a no, None for neither.

    Of both, what is said first, or behind a correction: `yes, no wait, no`. `Not right` and `don't book it` are a no,
    `not sure` is neither.
    """
    words = _behind_correction(words, dialogue)
    if _refuses_an_act(words):
        return False
    yes = _first_of(words, dialogue.yes)
    no = _first_of(words, dialogue.no)
    last = _LEAD_IN if len(words) > _SHORT else len(words)
    if no is not None and no < last and (yes is None or no <= yes):
        return False
    if yes is None or yes >= last:
        return None
    negated = any(word == "not" or word.endswith("n't") for word in words[max(0, yes - 3) : yes])
    if negated and words[yes] == "sure":
        return None
    return not negated


def _behind_correction(words: Sequence[str], dialogue: Dialogue) -> Sequence[str]:
    """What is said behind a correction of a yes or a no, if that is one too."""
    for at in range(len(words) - 1, 0, -1):
        is_correction = any(tuple(words[at : at + len(phrase)]) == phrase for phrase in _TAKEN_BACK)
        if is_correction and len(words) <= _SHORT:
            behind = words[at + 1 :]
            if _first_of(behind, (*dialogue.yes, *dialogue.no)) is not None:
                return behind
    return words


def _refuses_an_act(words: Sequence[str]) -> bool:
    """`don't book it`, `please don't`: nothing is to be done; `don't worry` says something else."""
    said = [word for word in words if word != "please"]
    is_refusal = said[:1] == ["don't"] or said[:2] == ["do", "not"]
    return is_refusal and len(said) <= _SHORT and _UNCONCERNED.isdisjoint(said)


def subject_of(words: Sequence[str], dialogue: Dialogue) -> Sequence[str]:
    """A sentence without its lead-in and its plea: `um, where are you` as `where are you`, `my foot hurts, help` as
    `my foot hurts`; at least two words stay."""
    words = list(words)
    before, behind = (sorted(_split(phrases), key=len, reverse=True) for phrases in (dialogue.lead_ins, dialogue.pleas))
    clear = [phrase for phrase in before if len(phrase) >= _CLEAR_LEAD_IN]
    for at in range(1, _BEFORE_A_LEAD_IN + 1):
        if any(words[at : at + len(phrase)] == phrase for phrase in clear):
            words = words[at:]
            break
    while found := next((phrase for phrase in before if words[: len(phrase)] == phrase), None):
        if len(words) < len(found) + 2:
            break
        words = words[len(found) :]
    while found := next((phrase for phrase in behind if words[-len(phrase) :] == phrase), None):
        if len(words) < len(found) + 2 and not words[0].startswith("{"):
            break
        words = words[: -len(found)]
    return words


def assign(
    mentions: Sequence[Mention],
    slots: Sequence[str],
    filled: Mapping[str, Any],
    asked: str,
    dialogue: Dialogue,
    words: Sequence[str],
) -> dict[str, Any]:
    """Which of a task's `slots` the mentioned values are for.

    A value goes to the slot whose cue stands before it, else to the one asked for, else to the first that has none,
    else to the last: a caller who corrects something speaks of what was settled last.
    """
    values: dict[str, Any] = {}
    for mention in mentions:
        candidates = [name for name in slots if name in mention.slots]
        if not candidates:
            continue
        cued = [name for name in candidates if _cued(mention, words, dialogue.slots[name].cues)]
        empty = [name for name in candidates if name not in values and filled.get(name) is None]
        if cued:
            name = cued[0]
        elif asked in candidates and asked not in values:
            name = asked
        else:
            name = empty[0] if empty else candidates[-1]
        values[name] = mention.value
    return values


def _cued(mention: Mention, words: Sequence[str], cues: Texts) -> bool:
    end = mention.start
    while end and words[end - 1] in _BETWEEN:
        end -= 1
    return any(list(words[max(0, end - len(cue)) : end]) == cue for cue in _split(cues))


def _first_of(words: Sequence[str], phrases: Texts) -> int | None:
    """Where the first of `phrases` begins."""
    several = _split(phrases)
    for at in range(len(words)):
        if any(list(words[at : at + len(phrase)]) == phrase for phrase in several):
            return at
    return None


@lru_cache(maxsize=256)
def _split(phrases: Texts) -> list[list[str]]:
    return [words for phrase in phrases if (words := words_of(phrase))]
