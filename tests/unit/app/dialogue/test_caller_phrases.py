"""The sentences that a dialogue expects."""

import re

from app.dialogue.caller_phrases import caller_phrases, slot_samples
from app.dialogue.schema import (
    Choice,
    ChoiceSlot,
    DaySlot,
    Dialogue,
    Intent,
    NameSlot,
    NumberSlot,
    TextSlot,
    TimeSlot,
    YesNoSlot,
)

COLOURS = ChoiceSlot(
    choices=(Choice("dark_red", words=("crimson", "Ruby")), Choice("blue")), answers=("{colour}, please!",)
)
DIALOGUE = Dialogue(
    intents=(
        Intent("paint", examples=("Paint it {colour} on {day}.", "I'd like paint")),
        Intent("say", examples=("write {note}",)),
    ),
    slots={"colour": COLOURS, "day": DaySlot(), "time": TimeSlot(), "note": TextSlot(), "sure": YesNoSlot()},
)


def test_phrases_are_plain_words_without_placeholders() -> None:
    phrases = caller_phrases(DIALOGUE)
    assert len(phrases) == len(set(phrases)) <= 3_000
    assert all(re.fullmatch(r"[a-z']+( [a-z']+)*", phrase) for phrase in phrases)


def test_each_value_is_expected_by_itself() -> None:
    phrases = set(caller_phrases(DIALOGUE))
    assert {"dark red", "crimson", "ruby", "blue", "tomorrow", "next monday", "the third of june"} <= phrases
    assert {"half past three", "noon", "ten a m", "three thirty", "yes please", "i'd like paint"} <= phrases


def test_sentences_go_round_the_values() -> None:
    phrases = caller_phrases(DIALOGUE)
    painted = [phrase for phrase in phrases if phrase.startswith("paint it")]
    assert {phrase.split(" on ")[0] for phrase in painted} == {
        "paint it dark red", "paint it crimson", "paint it ruby", "paint it blue",
    }  # fmt: skip
    assert "blue please" in phrases


def test_a_sentence_whose_slot_has_no_samples_is_left_out() -> None:
    assert not [phrase for phrase in caller_phrases(DIALOGUE) if phrase.startswith("write")]


def test_samples_keep_to_the_bounds_of_a_number() -> None:
    assert slot_samples(NumberSlot(least=2, most=4)) == ["two", "three", "four"]
    assert slot_samples(NameSlot(samples=("Anna",))) == ("Anna",)
