"""What kind of answer a scripted agent waits for, by the question that is open."""

from actors.conversation import ExpectedAnswer, Memory
from app.dialogue.schema import ChoiceSlot, DaySlot, Dialogue, NameSlot, NumberSlot, TextSlot, TimeSlot, YesNoSlot
from app.dialogue.state import Question, state_of

NUMBER_IN_DIGITS = 1_000
"""Callers say a number digit by digit if it may be as large as this."""


def expected_by(memory: Memory, dialogue: Dialogue) -> ExpectedAnswer | None:
    """What `memory` has asked for last; None if no question of the dialogue is open, or its words tell more."""
    state = state_of(memory)
    match state.question:
        case Question.CONFIRM | Question.MORE:
            return ExpectedAnswer.YES_NO
        case Question.SLOT if state.asked in dialogue.slots:
            return _of_slot(dialogue, state.asked)
        case _:
            return None


def _of_slot(dialogue: Dialogue, name: str) -> ExpectedAnswer | None:
    match dialogue.slots[name]:
        case NameSlot():
            return ExpectedAnswer.NAME
        case YesNoSlot():
            return ExpectedAnswer.YES_NO
        case NumberSlot(most=most):
            return ExpectedAnswer.NUMBER if most >= NUMBER_IN_DIGITS else ExpectedAnswer.SHORT
        case ChoiceSlot() | DaySlot() | TimeSlot():
            return ExpectedAnswer.SHORT
        case TextSlot():
            return None
