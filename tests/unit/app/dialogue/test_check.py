"""What is wrong with a dialogue that its types cannot say: where, and what could be meant."""

from typing import Any

import msgspec
import pytest

from app.dialogue.check import dialogue_faults
from app.dialogue.schema import Dialogue

TOOLS = ("book", "end_conversation")


def dialogue(**changes: Any) -> Dialogue:
    """A small dialogue without a fault, but for what is changed of it."""
    described: dict[str, Any] = {
        "slots": {
            "dish": {
                "type": "choice",
                "prompt": ["Which dish?"],
                "choices": [{"value": "pizza"}, {"value": "soup"}],
                "answers": ["{dish} please"],
            },
            "day": {"type": "day", "prompt": ["Which day?"]},
            "secret": {"type": "day"},
        },
        "intents": [
            {
                "name": "order",
                "examples": ["order {dish}", "closed on {holiday}"],
                "steps": [
                    {"step": "ask", "slot": "dish"},
                    {
                        "step": "call",
                        "tool": "book",
                        "arguments": {"dish": "{dish}"},
                        "results": [{"keep": ["number"], "say": ["Done."], "then": "finish"}],
                    },
                    {"step": "say", "text": ["Your number is {number}."]},
                ],
            },
            {"name": "hours", "examples": ["when are you open"], "reply": ["Until nine."]},
        ],
    }
    return msgspec.convert(described | changes, Dialogue)


def faults(found: Dialogue, tools: tuple[str, ...] = TOOLS) -> list[tuple[str, str]]:
    return [(fault.path, fault.reason) for fault in dialogue_faults(found, tools)]


def with_steps(*steps: dict[str, Any], **more: Any) -> Dialogue:
    return dialogue(intents=[{"name": "order", "examples": ["order"], "steps": list(steps), **more}])


def test_a_dialogue_without_a_fault_has_none() -> None:
    assert faults(dialogue()) == []


def test_a_time_zone_that_there_is_not_is_named() -> None:
    assert faults(dialogue(time_zone="Mars/Olympus")) == [("time_zone", "there is no time zone 'Mars/Olympus'")]
    assert faults(dialogue(time_zone="Europe/Berlin")) == []


@pytest.mark.parametrize(
    ("step", "path", "words"),
    [
        ({"step": "ask", "slot": "dihs"}, "slot", ["no slot dihs", "day, dish, secret"]),
        ({"step": "ask", "slot": "secret"}, "slot", ["the slot secret has no prompt"]),
        ({"step": "ask", "slot": "dish", "among": "times"}, "among", ["no kept result times", "none"]),
        ({"step": "ask", "slot": "dish", "offered": "times"}, "offered", ["no kept result times"]),
        ({"step": "confirm", "text": [], "declined": ["What is wrong?"]}, "text", ["nothing to say yes to"]),
        ({"step": "confirm", "text": ["{dsh}?"], "declined": ["What is wrong?"]}, "text[0]", ["no slot dsh"]),
        ({"step": "say", "text": ["fine", "on {dya}"]}, "text[1]", ["no slot dya"]),
        ({"step": "call", "tool": "boook", "results": []}, "tool", ["no tool boook", "book, end_conversation"]),
        ({"step": "call", "tool": "book", "arguments": {"a": "{x}"}}, "arguments.a", ["no slot x"]),
        ({"step": "call", "tool": "book", "results": [{"forget": ["x"]}]}, "results[0].forget", ["no slot x"]),
        ({"step": "call", "tool": "book", "results": [{"again": ["book", "look"]}]}, "results[0].again[1]", ["look"]),
    ],
)
def test_a_step_that_names_what_there_is_not(step: dict[str, Any], path: str, words: list[str]) -> None:
    ((where, reason),) = faults(with_steps(step))
    assert where == f"intents[0].steps[0].{path}"
    for word in words:
        assert word in reason


def test_two_intents_of_one_name_are_both_at_fault() -> None:
    twice = [{"name": "hours", "examples": ["open"], "reply": ["Until nine."]}] * 2
    assert faults(dialogue(intents=twice)) == [
        ("intents[0].name", "there are two intents named hours"),
        ("intents[1].name", "there are two intents named hours"),
    ]


def test_an_intent_says_or_does_something() -> None:
    assert faults(dialogue(intents=[{"name": "hours", "examples": ["open"]}])) == [
        ("intents[0]", "the intent hours has neither a reply nor steps")
    ]
    assert faults(dialogue(intents=[{"name": "again", "examples": ["what"], "does": "repeat"}])) == []


def test_something_that_callers_say_means_an_intent() -> None:
    assert faults(dialogue(intents=[{"name": "hours", "reply": ["At nine."]}])) == [
        ("intents[0].examples", "nothing that callers say is known to mean hours")
    ]
    assert faults(dialogue(intents=[{"name": "hi", "everyday": "greeting", "reply": ["Hello."]}])) == []


def test_what_can_end_a_conversation_needs_the_tool_for_it() -> None:
    ends = dialogue(intents=[{"name": "bye", "examples": ["bye"], "reply": ["Bye."], "does": "end"}])
    assert faults(ends) == []
    ((path, reason),) = faults(ends, ("book",))
    assert path == "intents[0]"
    assert "the agent needs the tool end_conversation" in reason


def test_an_intent_with_steps_does_nothing_else() -> None:
    found = with_steps({"step": "say", "text": ["Fine."]}, does="end")
    assert ("intents[0].does", "an intent with steps cannot also end") in faults(found)


def test_choices_are_different_and_hold_the_one_that_is_meant_otherwise() -> None:
    slot = {"type": "choice", "prompt": ["Which?"], "choices": [{"value": "a"}, {"value": "a"}], "otherwise": "b"}
    found = faults(dialogue(slots={"which": slot}, intents=[]))
    assert [path for path, _ in found] == [
        "slots.which.choices[0].value",
        "slots.which.choices[1].value",
        "slots.which.otherwise",
    ]
    assert "'b' is none of the choices ['a']" in found[-1][1]


@pytest.mark.parametrize("field", ["prompt", "reprompt", "answers"])
def test_the_texts_of_a_slot_name_slots_that_there_are(field: str) -> None:
    slot = {"type": "day", "prompt": ["Which day?"]} | {field: ["for {whom}"]}
    ((path, reason),) = faults(dialogue(slots={"day": slot}, intents=[]))
    assert path == f"slots.day.{field}[0]"
    assert reason == "there is no slot whom; there are day"


def test_the_tool_of_the_fallback_is_one_of_the_agents() -> None:
    ((path, reason),) = faults(dialogue(fallback={"tool": "ask_a_person"}))
    assert path == "fallback.tool"
    assert "the agent has no tool ask_a_person; it has book, end_conversation" in reason
