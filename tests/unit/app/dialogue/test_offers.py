"""What is chosen of what was read out."""

from typing import Any

import pytest

from actors.conversation import ChatMessage, Role
from app.dialogue.hearing import Hearing
from app.dialogue.offers import offer_chosen
from app.dialogue.schema import AskStep, SayStep
from app.dialogue.state import Question, State
from tests.eval.corpus import AT
from tests.eval.text import dialogue

HEARING = Hearing(dialogue())


def chosen(said: str, offered: list[str]) -> Any:
    state = State(task="book", question=Question.SLOT, asked="time", kept={"offers": offered})
    heard = HEARING.read(state, [ChatMessage(role=Role.USER, text=said, turn=1, at=AT)])
    return offer_chosen(AskStep("time", offered="offers"), state, heard, dialogue())


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("the second one please", "10:00"),
        ("the last", "11:00"),
        ("whichever", "09:00"),
        ("june thirty first", None),
        ("yes", None),
        ("number two", "10:00"),
        ("what was the first one again", None),
        ("do you have something later", None),
        ("could you tell me about your first dog and his house", None),
    ],
)
def test_one_of_several_is_chosen(said: str, value: str | None) -> None:
    assert chosen(said, ["09:00", "10:00", "11:00"]) == value


def test_a_yes_takes_the_only_one() -> None:
    assert chosen("yes please", ["09:00"]) == "09:00"
    assert chosen("yes please", []) is None


def test_nothing_is_chosen_of_what_was_not_offered() -> None:
    state = State(task="book", kept={"offers": ["09:00"]})
    heard = HEARING.read(state, [ChatMessage(role=Role.USER, text="the first", turn=1, at=AT)])
    assert offer_chosen(SayStep(("Hello.",)), state, heard, dialogue()) is None
