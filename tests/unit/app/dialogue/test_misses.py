"""An answer that was misheard: taken for what it sounds like, asked for again with two values, or not taken at all."""

import msgspec
import pytest

from actors.conversation import ChatMessage, Role
from app.dialogue.engine import Reaction, Script
from app.dialogue.schema import AskStep, CallStep, Choice, ChoiceSlot, ConfirmStep, DaySlot, Dialogue, Intent
from app.dialogue.state import State, state_of
from tests.eval.corpus import AT

DIALOGUE = Dialogue(
    slots={
        "what": ChoiceSlot(
            prompt=("What is it for?",),
            choices=(
                Choice("check_up", "a check-up"),
                Choice("filling", "a filling"),
                Choice("cleaning", "a cleaning"),
            ),
        ),
        "day": DaySlot(prompt=("Which day suits you?",), answers=("i'd like {day}",)),
    },
    intents=(
        Intent(
            name="book",
            examples=("i would like to book", "book me in please", "i want to book"),
            steps=(AskStep("what"), AskStep("day"), CallStep("book", arguments={"what": "{what}", "day": "{day}"})),
        ),
        Intent(name="where", examples=("where are you", "where is your house"), reply=("In Maple Street.",)),
    ),
)
SCRIPT = Script(DIALOGUE)


class Talk:
    """A conversation with the dialogue above, or another one."""

    def __init__(self, script: Script = SCRIPT) -> None:
        self._script = script
        self._memory = State().memory()
        self._messages: list[ChatMessage] = []

    @property
    def slots(self) -> dict[str, object]:
        return state_of(self._memory).slots

    def say(self, *texts: str) -> Reaction:
        for text in texts:
            self._messages.append(ChatMessage(role=Role.USER, text=text, turn=len(self._messages) + 1, at=AT))
            reaction = self._script.react(self._messages, self._memory)
            self._memory = reaction.memory
            self._messages.append(ChatMessage(role=Role.ASSISTANT, text=reaction.text, turn=1, at=AT))
        return reaction


def test_what_sounds_like_one_value_is_taken_for_it() -> None:
    talk = Talk()
    assert "Which day" in talk.say("i want to book", "the feeling please").text
    assert talk.slots.get("what") == "filling"
    assert talk.say("i'd like to maru").call is not None
    assert talk.slots["day"] == "2026-06-04"


def test_of_two_values_the_caller_is_asked_which() -> None:
    talk = Talk()
    asked = talk.say("i want to book", "a filling", "on the mind of june")
    assert asked.call is None
    assert asked.text.startswith("Was that Tuesday, June ninth or Monday, June eighth?")
    assert asked.text.endswith("Which day suits you?")
    assert talk.say("on the ninth of june").call is not None
    assert talk.slots["day"] == "2026-06-09"


def test_a_choice_is_read_out_as_it_is_said() -> None:
    wines = (Choice("red_wine", "the red one", ("red wine",)), Choice("bred_wine", "the bred one", ("bread wine",)))
    slot = ChoiceSlot(prompt=("Which wine?",), choices=wines)
    talk = Talk(Script(msgspec.structs.replace(DIALOGUE, slots={**DIALOGUE.slots, "what": slot})))
    asked = talk.say("i want to book", "dread whine")
    assert asked.text == "Was that the bred one or the red one? Which wine?"


def test_the_two_values_are_told_apart_once() -> None:
    talk = Talk()
    talk.say("i want to book", "a filling", "on the mind of june")
    again = talk.say("on the mind of june")
    assert "Was that" not in again.text
    assert "Which day" in again.text
    assert "day" not in talk.slots


@pytest.mark.parametrize("text", ["where are you", "i don't know", "hold on a moment", "not the feeling"])
def test_what_means_something_else_is_no_answer(text: str) -> None:
    talk = Talk()
    assert "What is it for?" in talk.say("i want to book", text).text
    assert "what" not in talk.slots


def test_who_is_never_understood_is_asked_in_turn() -> None:
    assert "Sorry" in Talk().say("i want to book", "zorblax quux").text
    assert "Sorry" in Talk().say("zorblax quux").text


def test_who_asks_for_something_else_has_not_answered() -> None:
    slot = ChoiceSlot(
        prompt=("Which?",), choices=(Choice("filling"), Choice("cleaning")), attempts=1, otherwise="filling"
    )
    talk = Talk(Script(msgspec.structs.replace(DIALOGUE, slots={**DIALOGUE.slots, "what": slot}, other_subjects=True)))
    talk.say("i want to book", "what is the weather like in chicago")
    assert "what" not in talk.slots
    talk.say("zorblax quux")
    assert talk.slots.get("what") == "filling"


def test_a_misheard_correction_is_taken_for_what_it_sounds_like() -> None:
    steps = (AskStep("what"), ConfirmStep(("So {what}?",), ("What should I change?",)), CallStep("book"))
    intent = msgspec.structs.replace(DIALOGUE.intents[0], steps=steps)
    talk = Talk(Script(msgspec.structs.replace(DIALOGUE, intents=(intent,))))
    assert talk.say("i want to book", "a cleaning").text == "So a cleaning?"
    assert talk.say("no the feeling").text == "So a filling?"
    assert talk.slots.get("what") == "filling"
    assert talk.say("no").text == "What should I change?"
    talk.say("the clean in")
    assert talk.slots.get("what") == "cleaning"


def test_what_was_called_wrong_is_not_taken_for_what_sounds_like_it() -> None:
    steps = (AskStep("day"), ConfirmStep(("So {day}?",), ("What should I change?",)), CallStep("book"))
    intent = msgspec.structs.replace(DIALOGUE.intents[0], steps=steps)
    script = Script(msgspec.structs.replace(DIALOGUE, intents=(intent,)))
    talk = Talk(script)
    assert talk.say("i want to book", "on the fifth page of june").text == "So Friday, June fifth?"
    assert talk.say("no the day is wrong").text == "Which day suits you?"
    assert talk.say("on the fifth page of june").text != "So Friday, June fifth?"
    assert talk.say("on the fifth of june").text == "So Friday, June fifth?", "said clearly, it is taken"


def test_a_task_that_was_declined_twice_in_the_same_words_is_left() -> None:
    steps = (AskStep("day"), ConfirmStep(("So {day}?",), ("What should I change?",)), CallStep("book"))
    intent = msgspec.structs.replace(DIALOGUE.intents[0], steps=steps)
    talk = Talk(Script(msgspec.structs.replace(DIALOGUE, intents=(intent, DIALOGUE.intents[1]))))
    talk.say("i want to book", "on the fifth of june", "no the day is wrong")
    assert talk.say("on the eighth of june", "no the day is wrong").text == "Which day suits you?"
    assert talk.say("on the fifth of june").text == "So Friday, June fifth?"
    assert talk.say("no the day is wrong").text == DIALOGUE.fallback.reply[0]
    assert talk.say("i want to book").text == "Which day suits you?", "it may be begun anew"
