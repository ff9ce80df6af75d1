"""The steps of a task: what comes next, and what follows from a tool's result."""

from typing import Any

import msgspec
import pytest

from app.dialogue.schema import AskStep, DaySlot, Dialogue, Intent, Slot, Then, TimeSlot
from app.dialogue.state import Question, State
from app.dialogue.task import Reply, TaskRunner, call

DIALOGUE = msgspec.convert(
    {
        "slots": {
            "day": {"type": "day", "prompt": ["Which day?"]},
            "time": {"type": "time", "prompt": ["At what time?"], "reprompt": ["When, please?"]},
            "name": {"type": "name", "prompt": ["Your name?"], "prompt_for_another": ["The name of {whom}?"]},
        },
        "intents": [
            {
                "name": "book",
                "examples": ["book"],
                "steps": [
                    {"step": "say", "text": ["With pleasure."]},
                    {"step": "ask", "slot": "day"},
                    {
                        "step": "call",
                        "tool": "look",
                        "arguments": {"day": "{day}"},
                        "say": ["Let me see."],
                        "results": [
                            {"when": {"status": "free"}, "keep": ["times"], "say": ["There is {times}."]},
                            {"when": {"status": "full"}, "forget": ["day"], "say": ["That day is full."]},
                            {"when": {"status": "gone"}, "then": "stop"},
                        ],
                    },
                    {"step": "ask", "slot": "time", "among": "times", "not_among": ["Not at {time}."]},
                    {"step": "ask", "slot": "name"},
                    {"step": "confirm", "text": ["{day} at {time}?"], "declined": ["What is wrong?"]},
                    {
                        "step": "call",
                        "tool": "book",
                        "arguments": {"day": "{day}", "time": "{time}", "name": "{name}"},
                        "results": [{"say": ["Done."], "then": "finish"}],
                    },
                ],
            },
            {"name": "hours", "examples": ["open"], "reply": ["Until nine."]},
            {"name": "cancel", "examples": ["cancel"], "steps": [{"step": "ask", "slot": "day"}]},
        ],
        "closing": {"ask": ["Anything else?"]},
    },
    Dialogue,
)
RUNNER = TaskRunner(DIALOGUE)
BOOK, HOURS, CANCEL = DIALOGUE.intents
FREE = '{"status":"free","times":["10:30","14:00"]}'


class Talk:
    """A task that is worked off."""

    def __init__(self, intent: Intent = BOOK, **slots: Any) -> None:
        self.state = State()
        RUNNER.begin(self.state, intent)
        self.state.slots.update(slots)

    def advance(self, **slots: Any) -> Reply:
        self.state.slots.update(slots)
        reply = Reply(parts=[])
        RUNNER.advance(self.state, reply)
        return reply

    def result(self, text: str) -> tuple[Reply, Then]:
        assert self.state.pending is not None
        reply = Reply(parts=[])
        return reply, RUNNER.take_result(self.state, reply, self.state.pending, text)


def test_a_task_asks_calls_and_confirms_step_by_step() -> None:
    talk = Talk()
    assert talk.advance().parts == ["With pleasure.", "Which day?"]
    assert (talk.state.question, talk.state.asked) == (Question.SLOT, "day")
    looking = talk.advance(day="2026-06-05")
    assert looking.parts == ["Let me see."]
    assert looking.call is not None
    assert (looking.call.name, looking.call.arguments) == ("look", '{"day":"2026-06-05"}')
    told, then = talk.result(FREE)
    assert then is Then.GO_ON
    assert "ten thirty" in told.parts[0]
    assert talk.advance().parts == ["At what time?"]
    assert talk.advance(time="10:30").parts == ["Your name?"]
    (question,) = talk.advance(name="Anna").parts
    assert question.endswith("?")
    assert talk.state.question is Question.CONFIRM
    talk.state.confirmed[talk.state.step] = question
    booking = talk.advance()
    assert booking.call is not None
    assert booking.call.name == "book"
    assert msgspec.json.decode(booking.call.arguments) == {"day": "2026-06-05", "time": "10:30", "name": "Anna"}
    told, then = talk.result("{}")
    assert (told.parts, then) == (["Done."], Then.FINISH)


def test_what_is_known_is_not_asked_for() -> None:
    looking = Talk(day="2026-06-05").advance()
    assert looking.parts == ["With pleasure.", "Let me see."]
    assert looking.call is not None


def test_a_result_may_have_something_asked_for_again() -> None:
    talk = Talk(day="2026-06-05")
    talk.advance()
    told, then = talk.result('{"status":"full"}')
    assert (told.parts, then) == (["That day is full."], Then.GO_ON)
    assert talk.advance().parts == ["Which day?"]
    again = talk.advance(day="2026-06-05").call
    assert again is not None, "the same day is looked at once more"


@pytest.mark.parametrize(
    ("result", "parts", "then"),
    [
        ('{"status":"gone"}', [""], Then.STOP),
        ('{"status":"unheard of"}', [], Then.GO_ON),
        ('{"error":"the service is away"}', ["I am sorry, that did not work just now."], Then.FINISH),
        ("no json", ["I am sorry, that did not work just now."], Then.FINISH),
        ("[1]", [], Then.GO_ON),
    ],
)
def test_what_follows_from_a_result(result: str, parts: list[str], then: Then) -> None:
    talk = Talk(day="2026-06-05")
    talk.advance()
    told, after = talk.result(result)
    assert (told.parts, after) == (parts, then)
    assert talk.state.pending is None


@pytest.mark.parametrize(
    ("said", "taken"), [("10:30", "10:30"), ("10:00", "10:30"), ("14:00", "14:00"), ("11:00", None), ("14:15", None)]
)
def test_only_what_was_offered_is_taken_and_ten_is_the_one_time_after_ten(said: str, taken: str | None) -> None:
    talk = Talk(day="2026-06-05")
    talk.advance()
    talk.result(FREE)
    reply = talk.advance(time=said)
    assert talk.state.slots.get("time") == taken
    assert reply.parts[-1] == ("Your name?" if taken else "At what time?")
    assert len(reply.parts) == (1 if taken else 2)


def test_another_name_is_asked_for_of_somebody_else() -> None:
    talk = Talk(day="2026-06-05", name="Anna")
    talk.state.whom = "your daughter"
    RUNNER.forget_names(talk.state)
    assert talk.state.slots == {"day": "2026-06-05"}
    talk.advance()
    talk.result(FREE)
    assert talk.advance(time="10:30").parts == ["The name of your daughter?"]


def test_a_task_that_is_left_half_way_gives_the_next_what_both_deal_with() -> None:
    talk = Talk(day="2026-06-05", time="10:30", name="Anna")
    RUNNER.begin(talk.state, CANCEL)
    assert talk.state.slots == {"day": "2026-06-05", "name": "Anna"}
    fresh = State(slots={"day": "2026-06-05", "name": "Anna"})
    RUNNER.begin(fresh, CANCEL)
    assert fresh.slots == {"name": "Anna"}, "nothing was left half-way"


@pytest.mark.parametrize(("is_same", "kept"), [(True, {"day"}), (False, {"day"})])
def test_a_task_that_is_done_again_keeps_the_day(is_same: bool, kept: set[str]) -> None:
    talk = Talk(day="2026-06-05", time="10:30", name="Anna")
    RUNNER.begin_another(talk.state, BOOK, is_same=is_same)
    assert set(talk.state.slots) == kept


def test_a_task_that_is_over_asks_what_else_there_is() -> None:
    talk = Talk()
    reply = Reply(parts=[])
    RUNNER.finish(talk.state, reply)
    assert (reply.parts, talk.state.question, talk.state.task) == (["Anything else?"], Question.MORE, "")


def test_the_slots_of_a_task_are_those_of_its_questions_and_calls() -> None:
    assert RUNNER.slots(Talk().state) == ["day", "time", "name"]
    assert RUNNER.slots(Talk(HOURS).state) == []
    assert RUNNER.steps(State(task="no such task")) == ()


def test_a_question_that_was_not_understood_is_asked_in_other_words() -> None:
    talk = Talk(day="2026-06-05")
    talk.state.asked = "time"
    assert RUNNER.ask_again(talk.state) == "When, please?"
    talk.state.asked = "day"
    assert RUNNER.ask_again(talk.state) == talk.state.question_text == "Which day?"


def test_each_call_has_an_id_of_its_own_and_is_pending() -> None:
    state = State()
    first, second = call(state, "end_conversation"), call(state, "look", '{"a":1}', 3)
    assert first.call_id != second.call_id
    assert state.pending is not None
    assert (state.pending.call_id, state.pending.step, state.pending.arguments) == (second.call_id, 3, '{"a":1}')


def test_of_two_days_either_may_be_the_wrong_one() -> None:
    slots: dict[str, Slot] = {"old_day": DaySlot(), "day": DaySlot(), "time": TimeSlot()}
    move = Intent(name="move", examples=("move it",), steps=tuple(AskStep(name) for name in slots))
    tasks = TaskRunner(Dialogue(slots=slots, intents=(move,)))
    state = State(task="move", slots={"old_day": "2026-06-05", "day": "2026-06-09", "time": "10:00"})
    assert tasks.forget_named(state, ["no", "that", "is", "the", "wrong", "day"])
    assert state.slots == {"time": "10:00"}
    assert not tasks.forget_named(state, ["no", "that", "is", "wrong"])
