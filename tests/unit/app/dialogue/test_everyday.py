"""What callers say to any agent is understood where an intent asks for its kind, and not listed twice."""

from collections import Counter
from datetime import date

import pytest

from app.dialogue.everyday import SENTENCES, SYNONYMS, Everyday
from app.dialogue.hearing import Hearing
from app.dialogue.schema import Dialogue, Does, Intent
from app.dialogue.words import plain

DAY = date(2026, 6, 3)
EVERYDAY = Dialogue(
    intents=(
        Intent("rent", examples=("i would like to rent a boat", "do you rent boats", "a boat please")),
        Intent("greet", everyday=Everyday.GREETING, does=Does.COURTESY),
        Intent("person", everyday=Everyday.PERSON, examples=("let me talk to the captain",)),
        Intent("again", everyday=Everyday.REPEAT, does=Does.REPEAT),
        Intent("stop", everyday=Everyday.NEVER_MIND, does=Does.DROP_TASK),
    )
)


@pytest.fixture(scope="module")
def hearing() -> Hearing:
    return Hearing(EVERYDAY)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("can you rent me a boat", "rent"),
        ("hello how are you doing today", "greet"),
        ("i'd like to speak to a real human being", "person"),
        ("could i talk to your captain", "person"),
        ("would you say that again please", "again"),
        ("never mind", "stop"),
    ],
)
def test_everyday_sentences_need_not_be_listed(hearing: Hearing, said: str, meant: str) -> None:
    match = hearing.intent_of(said, DAY)
    assert match is not None
    assert match.intent == meant


def test_a_dialogue_that_asks_for_none_of_them_does_not_know_them() -> None:
    match = Hearing(Dialogue(intents=EVERYDAY.intents[:1])).intent_of("never mind", DAY)
    assert match is None or match.intent != "stop"


def test_each_kind_has_sentences_of_which_none_is_of_two() -> None:
    assert set(SENTENCES) == set(Everyday)
    counts = Counter(sentence for several in SENTENCES.values() for sentence in several)
    assert max(counts.values()) == 1
    assert all(
        plain(sentence.replace("{someone}", "someone")) == sentence.replace("{someone}", "someone")
        for sentence in counts
    )
    assert all(SYNONYMS.values())
