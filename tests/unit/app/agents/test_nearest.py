"""The nearest right word for a mistake."""

from pathlib import Path

import pytest

from app.agents.nearest import explained, nearest, with_nearest, with_nearest_file
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
    assert explained("Expected `int`, got `str`", "label", ScriptedAgent) == "Expected `int`, got `str`"


@pytest.mark.parametrize("reason", ["Expected `str`, got `int`", "Expected `str | null`, got `bool`"])
def test_a_text_that_yaml_takes_for_something_else_is_to_be_quoted(reason: str) -> None:
    assert explained(reason, "label", ScriptedAgent) == f"{reason}: put it in quotes"


def test_a_wrong_choice_is_named_with_the_nearest_right_one() -> None:
    said = explained("Invalid enum value 'hang_pu'", "voicemail", ScriptedAgent)
    assert said == "there is no hang_pu; is hang_up meant?"


def test_the_nearest_file_is_looked_for_where_the_missing_one_would_be(tmp_path: Path) -> None:
    (tmp_path / "dentist.yaml").touch()
    assert with_nearest_file("no", tmp_path / "dentits.yaml") == "no; is dentist.yaml meant?"
    assert with_nearest_file("no", tmp_path / "zebra.txt") == "no"
    assert with_nearest_file("no", tmp_path / "nowhere" / "dentist.yaml") == "no"
