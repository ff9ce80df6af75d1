"""A scripted conversation, turn by turn, on a small dialogue that has one of everything."""

import asyncio

import msgspec
import pytest

from actors.conversation import ChatMessage, Role
from app.dialogue.engine import Script
from app.dialogue.hearing import question_heard
from app.dialogue.model import ScriptModel
from app.dialogue.schema import Dialogue
from app.dialogue.state import state_of
from tests.eval.conversation import Conversation
from tests.eval.text import asking, dentist, slots_after
from tests.kit.script_talk import ScriptTalk

AT = 1_780_477_200.0  # Wednesday, 2026-06-03, 09:00 UTC

DIALOGUE = msgspec.convert(
    {
        "slots": {
            "dish": {
                "type": "choice",
                "prompt": ["Which dish?"],
                "reprompt": ["Pizza or soup?"],
                "choices": [{"value": "pizza", "say": "a pizza"}, {"value": "soup", "words": ["broth"]}],
            },
            "day": {"type": "day", "prompt": ["Which day?"], "answers": ["{day} please"], "cues": ["to"]},
            "old_day": {"type": "day", "prompt": ["Which day was it?"], "cues": ["from"]},
            "time": {"type": "time", "prompt": ["Which time?"], "earliest": "10:00"},
            "guests": {"type": "number", "prompt": ["How many guests?"], "least": 1, "most": 20, "attempts": 2,
                       "otherwise": "2"},
            "name": {"type": "name", "prompt": ["Your name?"], "answers": ["my name is {name}"], "samples": ["Anna"]},
        },
        "intents": [
            {
                "name": "order",
                "examples": ["i want to order {dish}", "order food", "deliver {dish} on {day}", "a table for {day}"],
                "steps": [
                    {"step": "say", "text": ["With pleasure."]},
                    {"step": "ask", "slot": "dish"},
                    {"step": "ask", "slot": "day"},
                    {
                        "step": "call",
                        "tool": "look",
                        "arguments": {"day": "{day}", "near": "{time}", "kind": "food"},
                        "results": [
                            {"when": {"status": "free"}, "keep": ["times"], "say": ["I have {times}."]},
                            {"when": {"status": "full"}, "forget": ["day"], "say": ["{day} is full."]},
                        ],
                    },
                    {"step": "ask", "slot": "time", "among": "times", "offered": "times", "not_among": ["Not {time}."]},
                    {"step": "confirm", "text": ["{dish} on {day} at {time}?"], "declined": ["What is wrong?"]},
                    {
                        "step": "call",
                        "tool": "book",
                        "arguments": {"dish": "{dish}", "day": "{day}", "time": "{time}", "name": "{name}"},
                        "results": [{"say": ["Done."], "then": "finish"}],
                    },
                ],
            },
            {
                "name": "move",
                "examples": ["move my order", "move my order from {old_day} to {day}", "change the day of my order"],
                "steps": [
                    {"step": "ask", "slot": "old_day"},
                    {"step": "ask", "slot": "day"},
                    {"step": "confirm", "text": ["From {old_day} to {day}?"], "declined": ["Fine."], "then": "finish"},
                    {"step": "call", "tool": "change", "results": [{"then": "stop"}]},
                ],
            },
            {
                "name": "register",
                "examples": ["register me", "i want to register"],
                "steps": [{"step": "ask", "slot": "name"}, {"step": "ask", "slot": "guests"}],
            },
            {"name": "place", "examples": ["where are you", "what is the address"], "reply": ["In Rome.", "Rome."]},
            {"name": "again", "does": "repeat", "examples": ["say that again", "repeat please"]},
            {"name": "drop", "does": "drop_task", "examples": ["never mind", "forget it"], "reply": ["Dropped."]},
            {"name": "thanks", "does": "courtesy", "examples": ["thank you", "thanks"], "reply": ["Welcome."]},
            {"name": "bye", "does": "end", "examples": ["goodbye", "bye"], "reply": ["Bye."]},
        ],
        "unrelated": ["what is the weather like", "did you see the game on {day}", "who is the king"],
        "fallback": {"reply": ["Pardon?", "Still no."], "again": ["Sorry."], "escalate_after": 3,
                     "escalation": ["I give up."], "tool": "person", "tool_failed": ["It failed."]},
        "closing": {"ask": ["Anything else?"], "more": ["What?"], "end": ["Farewell."]},
    },
    Dialogue,
)  # fmt: skip
SCRIPT = Script(DIALOGUE)
FREE = '{"status":"free","times":["12:00","18:30","19:00"]}'
ORDERED: list[str | dict[str, str]] = ["order pizza for friday", {"look": FREE}]


class Talk(ScriptTalk):
    """A conversation with the small dialogue."""

    def __init__(self) -> None:
        super().__init__(SCRIPT, AT, "Welcome to the inn.")


@pytest.fixture
def talk() -> Talk:
    return Talk()


def test_a_task_asks_for_what_is_missing(talk: Talk) -> None:
    assert talk.say("i want to order food") == "With pleasure. Which dish?"
    assert talk.say("pizza") == "Which day?"
    assert talk.say("tomorrow") == ""
    assert talk.call == ("look", {"day": "2026-06-04", "kind": "food"})
    assert talk.say({"look": FREE}) == "I have noon, six thirty and seven o'clock. Which time?"
    assert talk.say("half past six") == "a pizza on Thursday, June fourth at six thirty?"
    assert talk.say("yes") == ""
    assert talk.call == ("book", {"dish": "pizza", "day": "2026-06-04", "time": "18:30"})
    assert talk.say({"book": "{}"}) == "Done. Anything else?"


def test_what_is_said_at_once_is_not_asked_for(talk: Talk) -> None:
    talk.say("order pizza for friday at seven")
    assert talk.call == ("look", {"day": "2026-06-05", "near": "19:00", "kind": "food"})
    assert talk.say({"look": FREE}).endswith("a pizza on Friday, June fifth at seven o'clock?")


@pytest.mark.parametrize(
    ("answer", "moment"),
    [("seven", "19:00"), ("the second one", "18:30"), ("the last one please", "19:00"), ("noon", "12:00")],
)
def test_choosing_from_what_was_offered(talk: Talk, answer: str, moment: str) -> None:
    talk.say(*ORDERED, answer)
    assert talk.slots["time"] == moment


def test_an_hour_means_the_one_time_offered_in_it(talk: Talk) -> None:
    talk.say(*ORDERED, "six")
    assert talk.slots["time"] == "18:30"


def test_what_was_not_offered_is_refused(talk: Talk) -> None:
    assert talk.say(*ORDERED, "four o'clock") == "Not four o'clock. Which time?"
    assert "time" not in talk.slots


def test_a_correction_does_again_what_depended_on_it(talk: Talk) -> None:
    talk.say(*ORDERED, "noon")
    talk.say("no make it saturday")
    assert talk.call == ("look", {"day": "2026-06-06", "near": "12:00", "kind": "food"})
    assert talk.say({"look": FREE}).endswith("a pizza on Saturday, June sixth at noon?")


def test_a_correction_of_something_else_does_not(talk: Talk) -> None:
    assert talk.say(*ORDERED, "noon", "no soup") == "soup on Friday, June fifth at noon?"
    assert talk.call is None


def test_a_result_may_ask_again(talk: Talk) -> None:
    assert talk.say("order pizza for friday", {"look": '{"status":"full"}'}) == "Friday, June fifth is full. Which day?"
    talk.say("friday")
    assert talk.call == ("look", {"day": "2026-06-05", "kind": "food"})


def test_a_no_asks_what_is_wrong(talk: Talk) -> None:
    assert talk.say(*ORDERED, "noon", "no") == "What is wrong?"
    assert talk.say("the time") == "Which time?"
    assert talk.say("seven").endswith("at seven o'clock?")
    assert talk.say("no the day is wrong") == "Which day?"


def test_a_no_may_finish_the_task(talk: Talk) -> None:
    assert talk.say("move my order from friday to monday") == "From Friday, June fifth to Monday, June eighth?"
    assert talk.say("no") == "Fine. Anything else?"


def test_cues_tell_slots_of_one_type_apart(talk: Talk) -> None:
    talk.say("move my order to monday")
    assert talk.slots == {"day": "2026-06-08"}
    talk.say("friday")
    assert talk.slots == {"old_day": "2026-06-05", "day": "2026-06-08"}


def test_a_tool_may_stop_everything(talk: Talk) -> None:
    assert talk.say("move my order from friday to monday", "yes", {"change": "{}"}) == ""
    assert state_of(talk.memory).task == ""


def test_a_question_in_between_is_answered_and_the_open_one_asked_again(talk: Talk) -> None:
    assert talk.say("order food", "where are you") == "In Rome. Which dish?"
    assert talk.say("where are you") == "Rome. Which dish?"
    assert talk.say("soup") == "Which day?"


def test_another_task_takes_over_with_what_both_share(talk: Talk) -> None:
    talk.say("order pizza for friday", {"look": FREE})
    talk.say("i want to move my order")
    assert state_of(talk.memory).task == "move"
    assert talk.slots == {"day": "2026-06-05"}


def test_other_subjects_are_not_answers(talk: Talk) -> None:
    assert talk.say("order pizza", "did you see the game on sunday") == "Sorry. Which day?"
    assert "day" not in talk.slots


def test_failing_to_understand_ends_with_a_person(talk: Talk) -> None:
    assert talk.say("who is the king") == "Pardon?"
    assert talk.say("zorblax") == "Still no."
    assert talk.say("quux") == "I give up."
    assert talk.call == ("person", {})


def test_understanding_begins_the_count_anew(talk: Talk) -> None:
    talk.say("zorblax", "zorblax", "where are you")
    assert talk.say("zorblax") == "Pardon?"


def test_a_slot_may_have_a_value_for_those_not_understood(talk: Talk) -> None:
    assert talk.say("register me", "anna") == "How many guests?"
    assert talk.say("zorblax quux") == "Sorry. How many guests?"
    assert talk.say("zorblax quux") == "Anything else?"
    assert talk.slots["guests"] == "2"


def test_what_is_taken_for_want_of_an_answer_ends_the_count_of_misses(talk: Talk) -> None:
    talk.say("register me", "anna", "zorblax", "zorblax")
    assert talk.slots["guests"] == "2"
    assert talk.say("zorblax") == "Pardon?"


@pytest.mark.parametrize(
    ("said", "time"),
    [
        ("three thirty pleas", "15:30"),
        ("how is the weather at three thirty", None),
        ("play music at three thirty", None),
    ],
)
def test_an_answer_beside_a_word_that_nobody_knows_is_one(said: str, time: str | None) -> None:
    assert slots_after(said, asking("time")).get("time") == time


@pytest.fixture(scope="module")
def model() -> ScriptModel:
    """Ready for the agent of the conversations, which takes a second."""
    ready = ScriptModel()
    asyncio.run(ready.prepare([dentist()]))
    return ready


@pytest.mark.parametrize(("said", "cancels"), [("sure go in it", True), ("no let's leave it", False)])
async def test_a_yes_beside_words_that_say_nothing_is_one(said: str, cancels: bool, model: ScriptModel) -> None:
    conversation = Conversation(model)
    assert "Shall I cancel" in await conversation.say("cancel my appointment on next wednesday")
    await conversation.say(said)
    assert any(run.name == "cancel_appointment" for run in conversation.runs) is cancels


@pytest.mark.parametrize(
    ("said", "name"),
    [("anna", "Anna"), ("my name is anna", "Anna"), ("it's bernadette", "Bernadette"), ("bea smith", "Bea Smith")],
)
def test_names(talk: Talk, said: str, name: str) -> None:
    talk.say("register me", said)
    assert talk.slots["name"] == name


@pytest.mark.parametrize("said", ["can you hear me", "what do you mean by that", "seven thirty"])
def test_what_is_no_name(talk: Talk, said: str) -> None:
    talk.say("register me", said)
    assert "name" not in talk.slots


def test_repeating(talk: Talk) -> None:
    assert talk.say("say that again") == "Welcome to the inn."
    assert talk.say("order food", "repeat please") == "With pleasure. Which dish?"


def test_dropping_a_task(talk: Talk) -> None:
    assert talk.say("order food", "never mind") == "Dropped."
    assert talk.say("pizza") in ("Pardon?", "With pleasure. Which day?")


def test_goodbye_ends_by_tool_and_says_nothing_more(talk: Talk) -> None:
    assert talk.say("goodbye") == "Bye."
    assert talk.call == ("end_conversation", {})
    assert talk.say({"end_conversation": "{}"}) == ""
    assert talk.call is None


@pytest.mark.parametrize(
    ("said", "text"),
    [("no", "Farewell."), ("no thanks", "Farewell."), ("yes please", "What?"), ("no but where are you", "In Rome.")],
)
def test_after_a_task(talk: Talk, said: str, text: str) -> None:
    assert talk.say("register me", "anna", "seven", said) == text


def test_a_tool_that_fails_is_admitted(talk: Talk) -> None:
    assert talk.say("order pizza for friday", {"look": '{"error":"the tool failed"}'}) == "It failed. Anything else?"
    assert Talk().say("order pizza for friday", {"look": "no json"}) == "It failed. Anything else?"


def test_a_yes_to_an_unheard_question_agrees_to_nothing(talk: Talk) -> None:
    question = talk.say(*ORDERED, "noon")
    assert talk.say_interrupting("a pizza", "yes") == question
    assert talk.call is None
    talk.say("yes")
    assert talk.call is not None


def test_an_unheard_question_is_asked_without_reproach(talk: Talk) -> None:
    talk.say("order food")
    assert talk.say_interrupting("With", "zorblax") == "Which dish?"


def test_a_heard_question_may_be_interrupted(talk: Talk) -> None:
    talk.say(*ORDERED, "noon")
    talk.say_interrupting("a pizza on Friday, June fifth at", "yes")
    assert talk.call is not None


def test_an_interrupted_tool_is_called_again(talk: Talk) -> None:
    talk.say("order pizza for friday")
    assert talk.call is not None
    talk.say("with soup instead")
    assert talk.call == ("look", {"day": "2026-06-05", "kind": "food"})


def test_a_result_that_comes_after_an_interruption_counts(talk: Talk) -> None:
    talk.say(*ORDERED, "noon", "yes")
    booked = talk.last.call
    assert booked is not None
    talk.messages.append(ChatMessage(role=Role.TOOL, text="{}", call_id=booked.call_id, at=AT))
    assert talk.say("where are you") == "Done. In Rome."
    assert state_of(talk.memory).task == ""


def test_nothing_depends_on_anything_but_messages_and_memory(talk: Talk) -> None:
    talk.say(*ORDERED)
    messages = [*talk.messages, ChatMessage(role=Role.USER, text="noon", at=AT)]
    assert SCRIPT.react(messages, talk.memory) == Script(DIALOGUE).react(messages, talk.memory)


def test_a_memory_of_another_model_is_no_obstacle() -> None:
    reaction = SCRIPT.react([ChatMessage(role=Role.USER, text="where are you", at=AT)], {"task": 7, "thread": "x"})
    assert reaction.text == "In Rome."


@pytest.mark.parametrize(
    ("messages", "heard"),
    [
        ([ChatMessage(role=Role.ASSISTANT, text="Which day?")], True),
        ([ChatMessage(role=Role.ASSISTANT, text="Sure. Which", interrupted=True)], False),
        ([ChatMessage(role=Role.ASSISTANT, text="Sure. Which day would", interrupted=True)], True),
        ([ChatMessage(role=Role.USER, text="hello")], False),
        ([], True),
    ],
)
def test_what_was_heard_of_a_question(messages: list[ChatMessage], heard: bool) -> None:
    said = [*messages, ChatMessage(role=Role.USER, text="yes")]
    assert (
        question_heard(said, "Which day would suit?" if len(messages) and messages[0].interrupted else "Day?") is heard
    )


def test_a_note_for_language_models_changes_nothing_of_what_the_keyless_engine_answers(talk: Talk) -> None:
    talk.say(*ORDERED)
    messages = [*talk.messages, ChatMessage(role=Role.USER, text="noon", at=AT)]
    note = ChatMessage(role=Role.NOTE, text="An order failed.", at=AT)
    assert SCRIPT.react([*messages, note], talk.memory) == SCRIPT.react(messages, talk.memory)


@pytest.mark.parametrize(
    "said", ["half past six i guess", "let's say six thirty then", "hmm probably six thirty", "definitely six thirty"]
)
def test_who_is_not_sure_has_answered_nevertheless(talk: Talk, said: str) -> None:
    assert talk.say(*ORDERED, said) == "a pizza on Friday, June fifth at six thirty?"


def test_a_question_is_not_asked_in_the_same_words_three_times(talk: Talk) -> None:
    assert talk.say("order", "zorblax") == "Sorry. Pizza or soup?"
    assert talk.say("zorblax") == "Sorry. Which dish?"
    talk = Talk()
    asked = talk.say(*ORDERED, "half past six")
    assert talk.say("zorblax") == f"Sorry. {asked}"
    assert talk.say("zorblax") == f"A yes or a no will do. {asked}"


def test_another_slot_may_be_wrong_than_the_one_that_is_asked_for(talk: Talk) -> None:
    assert talk.say(*ORDERED, "no the day is wrong") == "Which day?"
