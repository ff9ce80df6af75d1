"""Words that are nearly those of a slot: how people type them, and how recognizers write what they hardly heard."""

import calendar
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from app.dialogue.schema import ChoiceSlot, Dialogue
from app.dialogue.words import words_of

MIN_LETTERS = 6
"""Shorter words are like too many others."""
ALIKE = 0.85
"""The share of letters, in order, that a word has in common with the one that it is taken for."""


class Spelling:
    """Corrects the words of one dialogue's choices and days; immutable, and what it knows stays as it is.

    Args:
        dialogue: whose slots have the words.
        known: sentences whose words are no mistakes.
    """

    def __init__(self, dialogue: Dialogue, known: Iterable[str]) -> None:
        choices = (
            text
            for slot in dialogue.slots.values()
            if isinstance(slot, ChoiceSlot)
            for choice in slot.choices
            for text in (choice.value.replace("_", " "), *choice.words)
        )
        days = (*calendar.day_name, *(month for month in calendar.month_name if month), "tomorrow")
        of_slots = {word for text in (*choices, *days) for word in words_of(text)}
        self._known = frozenset(of_slots.union(word for text in known for word in words_of(text)))
        self._right = sorted(word for word in of_slots if len(word) >= MIN_LETTERS and word.isalpha())

    def corrected(self, words: Sequence[str]) -> list[str]:
        """`words`, each that is unknown and nearly one of a slot's in its right spelling."""
        return [self._corrected(word) for word in words]

    def _corrected(self, word: str) -> str:
        if len(word) < MIN_LETTERS or word in self._known or not word.isalpha():
            return word
        swapped = (right for right in self._right if _is_swapped(word, right))
        return next(swapped, None) or next(iter(get_close_matches(word, self._right, n=1, cutoff=ALIKE)), word)


def _is_swapped(word: str, right: str) -> bool:
    """Whether two neighbouring letters of `right` stand the wrong way round, as in `sunady`."""
    if len(word) != len(right):
        return False
    wrong = [at for at, (first, second) in enumerate(zip(word, right, strict=True)) if first != second]
    return len(wrong) == 2 and wrong[1] == wrong[0] + 1 and sorted(word) == sorted(right)
