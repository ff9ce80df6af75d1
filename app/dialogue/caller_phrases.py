"""What callers may be expected to say in a dialogue: what the speech recognizer is told to listen for."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import assert_never

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
from app.dialogue.words import plain

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
    "twentieth", "twenty first", "twenty second", "twenty third", "twenty fourth", "twenty fifth", "twenty sixth",
    "twenty seventh", "twenty eighth", "twenty ninth", "thirtieth", "thirty first",
)  # fmt: skip
_HOURS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety", "one hundred")
_PER_SENTENCE = 8
"""How many values of a placeholder are put into one sentence: enough that each value stands in some sentence."""
_MOST_PHRASES = 3_000


def caller_phrases(dialogue: Dialogue) -> tuple[str, ...]:
    """The sentences a caller may be expected to say: lower case, no punctuation, slots filled with sample values.

    Every value of every slot is there by itself; sentences with placeholders are there with a few values each, all
    values taken in turn. At most 3 000 sentences, none twice.
    """
    samples = {name: slot_samples(slot) for name, slot in dialogue.slots.items()}
    values = {name: itertools.cycle(several) for name, several in samples.items() if several}
    sentences: dict[str, None] = {}
    for sentence in _whole_sentences(dialogue):
        for phrase in _filled(sentence, values):
            sentences[plain(phrase)] = None
    for several in samples.values():
        sentences.update(dict.fromkeys(plain(sample) for sample in several))
    return tuple(itertools.islice((sentence for sentence in sentences if sentence), _MOST_PHRASES))


def slot_samples(slot: Slot) -> Sequence[str]:
    """What callers may say for a slot's value."""
    match slot:
        case ChoiceSlot():
            words = [word for choice in slot.choices for word in (choice.value.replace("_", " "), *choice.words)]
            return list(dict.fromkeys(words))
        case DaySlot():
            return list(_days())
        case TimeSlot():
            return list(_times())
        case NumberSlot():
            return [word for word, value in _numbers() if slot.least <= value <= slot.most]
        case NameSlot() | TextSlot():
            return slot.samples
        case YesNoSlot():
            return ()
        case _:
            assert_never(slot)


def _whole_sentences(dialogue: Dialogue) -> Iterator[str]:
    for intent in dialogue.intents:
        yield from intent.sentences
    for slot in dialogue.slots.values():
        yield from slot.answers
    yield from dialogue.yes
    yield from dialogue.no


def _filled(sentence: str, values: Mapping[str, Iterator[str]]) -> Iterator[str]:
    names = PLACEHOLDER.findall(sentence)
    if any(name not in values for name in names):
        return
    for _ in range(_PER_SENTENCE if names else 1):
        yield PLACEHOLDER.sub(lambda found: next(values[found[1]]), sentence)


def _days() -> Iterator[str]:
    yield from ("today", "tomorrow", "the day after tomorrow")
    for prefix in ("", "this ", "next ", "on "):
        yield from (prefix + weekday for weekday in _WEEKDAYS)
    for month, ordinal in itertools.product(_MONTHS, _ORDINALS):
        yield f"the {ordinal} of {month}"
    yield from (f"the {ordinal}" for ordinal in _ORDINALS)


def _times() -> Iterator[str]:
    yield from ("noon", "midday")
    for hour in _HOURS:
        yield from (f"{hour} o'clock", f"at {hour}", f"half past {hour}", f"quarter past {hour}", f"quarter to {hour}")
        yield from (f"{hour} {minutes}" for minutes in ("fifteen", "thirty", "forty five"))
        yield from (f"{hour} a m", f"{hour} p m", f"{hour} thirty p m")


def _numbers() -> Iterator[tuple[str, int]]:
    teens = ("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
    yield from zip(("zero", *_HOURS, *teens), range(20), strict=True)
    yield from zip(_TENS, range(20, 110, 10), strict=True)
