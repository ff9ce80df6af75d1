"""What an answer nearly says: the values of the slot that was asked for whose words sound like what was heard.

That a slot was asked for narrows what may have been said to a few dozen texts, so that words which mean nothing by
themselves are worth comparing: "my thirty" is half past nine where half past nine was offered.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, time, timedelta
from typing import Any, assert_never

import msgspec

from app.dialogue.matching import reduce, says_nothing
from app.dialogue.schema import (
    PLACEHOLDER,
    ChoiceSlot,
    DaySlot,
    Dialogue,
    NameSlot,
    NumberSlot,
    Slot,
    TextSlot,
    TimeSlot,
    YesNoSlot,
)
from app.dialogue.sounds import alike, sounds_of
from app.dialogue.spoken_days import read_day
from app.dialogue.spoken_numbers import say_number, say_ordinal
from app.dialogue.spoken_times import say_time
from app.dialogue.words import words_of

DAYS_AHEAD = 31
"""How many days ahead are compared by sound; a later day must be understood word by word."""
MAX_WORDS = 12
"""An utterance with more words than this is no answer with a single value."""
MOST_TELLING = 3
"""The most unknown words that may be recognition mistakes; with more, the caller probably talks about something
else."""
MOST_WORDS = 6
"""The most words of one value."""
MOST_LONGER = 0.4
"""The share of a value's sounds by which what was heard may be longer or shorter."""
LEAST = 0.78
"""How alike, from 0 to 1, a value has to sound to what was heard."""
LEAST_SHORT = 0.85
"""The same for a value of few sounds, which occur in much of what people say."""
FEWEST_SOUNDS, SHORT_SOUNDS = 4, 5
"""The fewest sounds of a value that is compared, and the most of one that counts as short."""
APART = 0.1
"""By how much less alike the next best value has to be; else it may have been either."""


class Guess(msgspec.Struct, frozen=True):
    """A value, and how alike its words sound to what was heard, from 0 to 1."""

    value: Any
    likeness: float


class NearAnswers:
    """What is nearly said for the slots of one dialogue. Immutable."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._slots = dialogue.slots
        answers = (PLACEHOLDER.sub(" ", text) for slot in dialogue.slots.values() for text in slot.answers)
        self._around = frozenset(_reduced(word) for text in (*answers, *dialogue.yes) for word in words_of(text))
        self._choices = {
            name: _by_sounds(
                (text, choice.value)
                for choice in slot.choices
                for text in (choice.value.replace("_", " "), choice.say, *choice.words)
            )
            for name, slot in dialogue.slots.items()
            if isinstance(slot, ChoiceSlot)
        }

    def guesses(
        self, words: Sequence[str], asked: str, today: date, among: Collection[Any] = (), refused: Any = None
    ) -> list[Guess]:
        """The values of the slot `asked` that may have been said, the likeliest first, with those that are near it.

        A text of many words, or one that refuses something, nearly says nothing.

        Args:
            among: only these values count, where there are any.
            refused: the value that the caller has called wrong before, which does not count.
        """
        if len(words) > MAX_WORDS:
            return []
        texts = self._texts(self._slots[asked], asked, today, among)
        rated: dict[Any, float] = defaultdict(float)
        for heard in self._parts(words):
            for sounds, value in texts.items():
                if value != refused and abs(len(heard) - len(sounds)) <= max(1, MOST_LONGER * len(sounds)):
                    likeness = alike(sounds, heard)
                    if likeness >= (LEAST_SHORT if len(sounds) <= SHORT_SOUNDS else LEAST):
                        rated[value] = max(rated[value], likeness)
        ranked = sorted(
            (Guess(value, likeness) for value, likeness in rated.items()), key=lambda guess: -guess.likeness
        )
        return [guess for guess in ranked if guess.likeness > ranked[0].likeness - APART]

    def _parts(self, words: Sequence[str]) -> list[str]:
        """The sounds of each part of what was heard in which some word may be a mistake for another."""
        tells = [not says_nothing(reduced) and reduced not in self._around for reduced in map(_reduced, words)]
        if not 0 < sum(tells) <= MOST_TELLING or "not" in words or any(word.endswith("n't") for word in words):
            return []
        parts = (
            words[begin:end]
            for begin in range(len(words))
            for end in range(begin + 1, min(len(words), begin + MOST_WORDS) + 1)
            if any(tells[begin:end])
        )
        return list({sounds_of(part): None for part in parts})

    def _texts(self, slot: Slot, name: str, today: date, among: Collection[Any]) -> Mapping[str, Any]:
        """What the values of a slot sound like, and each value."""
        match slot:
            case ChoiceSlot():
                return {sounds: value for sounds, value in self._choices[name].items() if not among or value in among}
            case DaySlot():
                days = _by_sounds(_days(today))
                return {sounds: value for sounds, value in days.items() if not among or value in among}
            case TimeSlot():
                return _by_sounds((text, value) for value in among for text in _said_times(str(value)))
            case NameSlot() | NumberSlot() | TextSlot() | YesNoSlot():
                return {}
            case _:
                assert_never(slot)


def _by_sounds(texts: Iterator[tuple[str, Any]]) -> dict[str, Any]:
    return {
        sounds: value
        for text, value in texts
        if len(sounds := sounds_of(text.replace("-", " ").split())) >= FEWEST_SOUNDS
    }


def _days(today: date) -> Iterator[tuple[str, str]]:
    """How people say the next days."""
    for ahead in range(1, DAYS_AHEAD + 1):
        day = today + timedelta(days=ahead)
        weekday = f"{day:%A}".lower()
        texts = [f"{say_ordinal(day.day)} of {day:%B}".lower()]
        if ahead == 1:
            texts.append("tomorrow")
        for text in (weekday, f"next {weekday}"):
            found = read_day(text.split(), 0, today)
            if found and found[0] == day.isoformat():
                texts.append(text)
        yield from ((text, day.isoformat()) for text in texts)


def _said_times(value: str) -> Iterator[str]:
    """How people say a time of day."""
    moment = time.fromisoformat(value)
    yield say_time(moment)
    if moment.minute == 30:
        yield f"half past {say_number(moment.hour % 12 or 12)}"


def _reduced(word: str) -> str:
    return " ".join(reduce([word]))
