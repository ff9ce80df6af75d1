"""Which words are taken for misspelt ones of a slot."""

import pytest

from app.dialogue.schema import Choice, ChoiceSlot, DaySlot, Dialogue
from app.dialogue.spelling import Spelling

SPELLING = Spelling(
    Dialogue(
        slots={
            "day": DaySlot(),
            "reason": ChoiceSlot(choices=(Choice("cleaning"), Choice("check_up", words=("checkup", "filling")))),
        }
    ),
    ["it is killing me, i have a feeling"],
)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("a cleening on wensday", "a cleaning on wednesday"),
        ("teusday", "tuesday"),
        ("a chekup thursdy", "a checkup thursday"),
        ("tommorow in febuary", "tomorrow in february"),
        ("a filing", "a filling"),
        ("wensday or sunady", "wednesday or sunday"),
        ("wendsday wenesday tusday", "wednesday wednesday tuesday"),
        ("thirsday thrusday saterday frieday", "thursday thursday saturday friday"),
    ],
)
def test_what_is_nearly_a_word_of_a_slot_is_taken_for_it(said: str, meant: str) -> None:
    assert " ".join(SPELLING.corrected(said.split())) == meant


@pytest.mark.parametrize(
    "said",
    [
        "it is killing me",
        "i have a feeling",
        "wednesday",
        "my birthday today",
        "monika friedrich",
        "the money",
        "in the evening",
        "12345678",
        "mondy",
        "sonday munday",
        "someday payday holiday yesterday",
    ],
)
def test_other_words_stay_what_they_are(said: str) -> None:
    assert " ".join(SPELLING.corrected(said.split())) == said
