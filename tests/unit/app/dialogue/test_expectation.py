"""What kind of answer the open question of a dialogue gets."""

import pytest

from actors.conversation import ExpectedAnswer
from app.dialogue.expectation import expected_by
from app.dialogue.schema import (
    Choice,
    ChoiceSlot,
    DaySlot,
    Dialogue,
    NameSlot,
    NumberSlot,
    TextSlot,
    TimeSlot,
    YesNoSlot,
)
from app.dialogue.state import Question, State

DIALOGUE = Dialogue(
    slots={
        "service": ChoiceSlot(prompt=("Which?",), choices=(Choice("a"),)),
        "day": DaySlot(prompt=("Which day?",)),
        "time": TimeSlot(prompt=("When?",)),
        "guests": NumberSlot(prompt=("How many?",), most=20),
        "member": NumberSlot(prompt=("Your number?",)),
        "name": NameSlot(prompt=("Your name?",)),
        "is_new": YesNoSlot(prompt=("Are you new here?",)),
        "note": TextSlot(prompt=("Anything else?",)),
    }
)


@pytest.mark.parametrize(
    ("slot", "expected"),
    [
        ("service", ExpectedAnswer.SHORT),
        ("day", ExpectedAnswer.SHORT),
        ("time", ExpectedAnswer.SHORT),
        ("guests", ExpectedAnswer.SHORT),
        ("member", ExpectedAnswer.NUMBER),
        ("name", ExpectedAnswer.NAME),
        ("is_new", ExpectedAnswer.YES_NO),
        ("note", None),
        ("gone", None),
    ],
)
def test_a_slot_is_answered_by_its_kind(slot: str, expected: ExpectedAnswer | None) -> None:
    assert expected_by(State(question=Question.SLOT, asked=slot).memory(), DIALOGUE) is expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (Question.NONE, None),
        (Question.CONFIRM, ExpectedAnswer.YES_NO),
        (Question.MORE, ExpectedAnswer.YES_NO),
        (Question.CHANGE, None),
    ],
)
def test_other_questions_are_answered_by_what_they_are(question: Question, expected: ExpectedAnswer | None) -> None:
    assert expected_by(State(question=question).memory(), DIALOGUE) is expected
