"""Words that are nearly those of a slot: how people type them, and how recognizers write what they hardly heard."""

import calendar
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher, get_close_matches

from app.dialogue.schema import ChoiceSlot, Dialogue
from app.dialogue.words import words_of

MIN_LETTERS = 6
"""The fewest letters of a word that is corrected; shorter words resemble too many others."""
ALIKE = 0.85
"""The share of letters, in order, that a word must have in common with the one that it is taken for."""
DAY_ALIKE = 0.75
"""The same for a word that ends like a day of the week: there are only seven of them."""
DAY_APART = 0.1
"""By how much smaller that share must be for the next day of the week."""
_DAYS = tuple(name.lower() for name in calendar.day_name)


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
        alike = next(swapped, None) or next(iter(get_close_matches(word, self._right, n=1, cutoff=ALIKE)), None)
        return alike or _weekday(word) or word


def _weekday(word: str) -> str:
    """The day of the week that nobody knows how to spell, `wendsday`; empty if it may be two, as `sonday` may."""
    if not word.endswith("day"):
        return ""
    best, second = sorted(((SequenceMatcher(None, word, day).ratio(), day) for day in _DAYS), reverse=True)[:2]
    return best[1] if best[0] >= DAY_ALIKE and best[0] - second[0] >= DAY_APART else ""


def _is_swapped(word: str, right: str) -> bool:
    """Whether two neighbouring letters of `right` stand the wrong way round, as in `sunady`."""
    if len(word) != len(right):
        return False
    wrong = [at for at, (first, second) in enumerate(zip(word, right, strict=True)) if first != second]
    return len(wrong) == 2 and wrong[1] == wrong[0] + 1 and sorted(word) == sorted(right)
