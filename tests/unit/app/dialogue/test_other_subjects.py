"""Sentences on other subjects compete with a dialogue's intents, unless they are on its own subject."""

from datetime import date

import pytest

from app.dialogue.everyday import Everyday
from app.dialogue.hearing import Hearing
from app.dialogue.other_subjects import SENTENCES, on_other_subjects
from app.dialogue.schema import Choice, ChoiceSlot, DaySlot, Dialogue, Intent
from app.dialogue.words import plain

DAY = date(2026, 6, 3)


def test_sentences_on_a_subject_of_our_own_are_none_of_other_subjects() -> None:
    assert "i need a taxi" in SENTENCES
    others = on_other_subjects(["please send me a taxi to the airport", "book {day}"], 1_000)
    assert "i need a taxi" not in others
    assert "i need a ride to the airport" in others
    assert len(others) > 0.9 * len(SENTENCES)


def test_there_are_not_so_many_of_them_that_they_outvote_what_we_know() -> None:
    assert len(on_other_subjects([], 30)) == 10
    assert len(on_other_subjects([], 0)) == 1


def taxis(*, other_subjects: bool) -> Hearing:
    """What an agent understands that sends taxis."""
    wishes = ("i would like", "can i book", "please send me", "i need", "could you order", "how much is")
    examples = tuple(f"{wish} a taxi {to}".strip() for wish in wishes for to in ("", "to the airport", "for {day}"))
    everyday = (Intent(kind.value, everyday=kind) for kind in Everyday)
    intents = (Intent("taxi", examples=examples), *everyday)
    return Hearing(Dialogue(intents=intents, slots={"day": DaySlot()}, other_subjects=other_subjects))


def test_an_agent_for_taxis_takes_less_on_other_subjects_for_a_taxi_and_a_taxi_still_for_one() -> None:
    wide, narrow = taxis(other_subjects=True), taxis(other_subjects=False)
    match = wide.intent_of("can you get me a taxi", DAY)
    assert match is not None
    assert match.intent == "taxi"
    refused, taken = ([hearing.intent_of(said, DAY) for said in SENTENCES] for hearing in (wide, narrow))
    assert sum(each is not None for each in refused) < 0.3 * sum(each is not None for each in taken)


def test_what_may_be_chosen_is_a_subject_of_our_own() -> None:
    pizza = Dialogue(
        slots={"dish": ChoiceSlot(choices=(Choice("pizza"),))},
        intents=(Intent("order", examples=("i want to order {dish}", "can i get {dish} please", "{dish}")),),
        other_subjects=True,
    )
    match = Hearing(pizza).intent_of("i want to order a pizza", DAY)
    assert match is not None
    assert match.intent == "order"


@pytest.mark.parametrize("sentence", SENTENCES)
def test_they_are_plain_words(sentence: str) -> None:
    assert plain(sentence) == sentence
