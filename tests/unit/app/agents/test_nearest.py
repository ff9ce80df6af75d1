"""The nearest right word for a mistake."""

import pytest

from app.agents.nearest import explained, nearest, with_nearest
from app.dialogue.schema import ScriptedAgent


def test_the_nearest_word_is_named_else_all_are() -> None:
    assert nearest("greting", ["greeting", "label"]) == "greeting"
    assert with_nearest("no", "xyzzy", ["b", "a"]) == "no; there are a, b"
    assert with_nearest("no", "xyzzy", ["a"]) == "no; there is a"
    assert with_nearest("no", "xyzzy", []) == "no"


@pytest.mark.parametrize(
    ("path", "key", "near"),
    [
        ("", "instruction", "instructions"),
        ("voice", "langauge", "language"),
        ("barge_in.tool", "confirm_word", "confirm_words"),
        ("keys", "terminater", "terminator"),
        ("dialogue.slots.day", "promt", "prompt"),
        ("dialogue.intents[0].steps[1]", "argument", "arguments"),
    ],
)
def test_a_key_is_looked_for_where_it_stands(path: str, key: str, near: str) -> None:
    reason = explained(f"Object contains unknown field `{key}`", path, ScriptedAgent)
    assert reason == f"there is no key {key}; is {near} meant?"


def test_other_reasons_stay_as_they_are() -> None:
    assert explained("Expected `str`, got `int`", "label", ScriptedAgent) == "Expected `str`, got `int`"
