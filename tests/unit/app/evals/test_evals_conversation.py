"""Conversations of scenarios on virtual time: each step can fail, and says what was expected and what came instead."""

from typing import Any

import msgspec
import pytest

from actors.agent import Agent
from actors.runtime.clock import run_virtual
from actors.tools import end_conversation, tool
from app.evals.conversation import Outcome, hold
from app.evals.scenario import Scenario
from app.evals.scripted_model import ScriptedModel


@tool
def book(day: str, name: str = "") -> str:
    """Book."""
    return f"booked {day}"


AGENT = Agent(name="desk", label="Desk", greeting="Hello {{name}}.", variables={"name": "there"}, tools=("book",))
TOOLS = {tool.name: tool for tool in (book, end_conversation)}
BOOKING: list[dict[str, Any]] = [
    {"say": "One moment.", "calls": [{"tool": "book", "with": {"day": "monday", "name": "Ada"}}]},
    {"say": "Monday is booked for you, and we look forward to it very much."},
    {"say": "Goodbye."},
]


def held(*steps: dict[str, Any], model: list[dict[str, Any]] = BOOKING, **more: Any) -> Outcome:
    scenario = msgspec.convert(
        {"name": "a scenario", "agent": "desk", "steps": steps, "model": model, **more}, Scenario
    )
    return run_virtual(hold(scenario, {AGENT.name: AGENT}, TOOLS, ScriptedModel(())))


def test_a_conversation_that_goes_as_expected() -> None:
    outcome = held(
        {"expect": "hello ada"},
        {"say": "monday please"},
        {"tool": "book", "with": {"day": "monday"}},
        {"expect": "booked", "within_ms": 5_000},
        {"absent": "tuesday"},
        {"silence_s": 12},
        {"expect": "still there"},
        {"key": "12#"},
        {"expect": "goodbye"},
        caller="+15550100",
        context={"name": "Ada"},
    )
    assert outcome.failed is None, outcome
    assert outcome.took_s > 12
    assert [moment.who for moment in outcome.timeline[:3]] == ["agent", "caller", "tool"]


def test_an_interruption_cuts_what_is_said() -> None:
    outcome = held(
        {"say": "monday please"}, {"tool": "book"}, {"interrupt": "wait", "after_ms": 1_500}, {"expect": "goodbye"}
    )
    assert outcome.failed is None, outcome


@pytest.mark.parametrize(
    ("steps", "step", "expected", "instead"),
    [
        (
            [{"expect": "good morning"}],
            1,
            "the agent says 'good morning' within 30000 ms",
            "Hello there. Are you still there? I can't",
        ),
        ([{"say": "hi"}, {"expect": "booked", "within_ms": 200}], 2, "within 200 ms", "it said"),
        ([{"say": "hi"}, {"absent": "booked"}], 2, "does not say 'booked'", "Monday is booked"),
        ([{"tool": "book", "within_ms": 900}], 1, "book is called with {}", "called were: none"),
        ([{"say": "hi"}, {"tool": "book", "with": {"day": "friday"}}], 2, '{"day":"friday"}', '"day":"monday"'),
        ([{"ended": "NORMAL"}], 1, "the session ends, NORMAL", "it ended, IDLE_TIMEOUT"),
        ([{"say": "hi"}, {"ended": "ERROR"}], 2, "the session ends, ERROR", "it ended, IDLE_TIMEOUT"),
        ([{"silence_s": 90}, {"say": "hi"}], 2, "the session goes on, for say", "it ended, IDLE_TIMEOUT"),
        ([{"silence_s": 90}, {"interrupt": "hi"}], 2, "the session goes on, for interrupt", "it ended"),
        ([{"silence_s": 5}, {"interrupt": "hi", "within_ms": 500}], 2, "the agent speaks", "it said nothing"),
    ],
)
def test_a_step_that_fails_says_why(steps: list[dict[str, Any]], step: int, expected: str, instead: str) -> None:
    failed = held(*steps).failed
    assert failed is not None
    assert failed.step == step
    assert expected in failed.expected
    assert instead in failed.instead


def test_an_agent_that_says_nothing_has_not_kept_silent_about_something() -> None:
    assert held({"absent": "secret"}).failed is None
    quiet = msgspec.structs.replace(AGENT, greeting="")
    scenario = msgspec.convert(
        {"name": "s", "agent": "desk", "steps": [{"absent": "secret", "within_ms": 1_000}]}, Scenario
    )
    failed = run_virtual(hold(scenario, {quiet.name: quiet}, TOOLS, ScriptedModel(()))).failed
    assert failed is not None
    assert failed.instead == "it said ''"


def test_arguments_that_are_no_object_are_not_those_that_are_expected() -> None:
    from app.evals.conversation import _arguments

    assert [_arguments(text) for text in ("[1]", "{", "", '{"a":1}')] == [{}, {}, {}, {"a": 1}]
