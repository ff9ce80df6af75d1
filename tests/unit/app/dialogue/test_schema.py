"""Which agents have a dialogue for the keyless engine, and what a dialogue refuses to be read from."""

import msgspec
import pytest

from actors.agent import Agent
from app.dialogue.schema import Dialogue, ScriptedAgent, dialogue_of

DIALOGUE = {"intents": [{"name": "hours", "examples": ["when are you open"], "reply": ["At nine."]}]}


def test_only_an_agent_whose_file_has_a_dialogue_has_one() -> None:
    dialogue = msgspec.convert(DIALOGUE, Dialogue)
    assert dialogue_of(ScriptedAgent(name="a", label="A", dialogue=dialogue)) is dialogue
    assert dialogue_of(ScriptedAgent(name="a", label="A")) is None
    assert dialogue_of(Agent(name="a", label="A")) is None


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"intents": [{"name": "Hours", "examples": ["when"]}]}, "intents"),
        ({"intents": [{"name": "hours", "examples": [7]}]}, "examples"),
        ({"threshold": 1.5}, "threshold"),
        ({"slots": {"day": {"type": "daytime"}}}, "slots"),
        ({"greeting": "hello"}, "greeting"),
    ],
)
def test_an_error_in_a_dialogue_names_where_it_is(wrong: dict[str, object], named: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=named):
        msgspec.convert(wrong, Dialogue)
