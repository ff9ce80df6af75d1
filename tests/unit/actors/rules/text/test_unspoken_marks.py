"""How models mark what is no part of a reply."""

import pytest

from actors.rules.text import unspoken_marks as marks


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
    assert marks.marker_end("python_tag").search("<|eom_id|>")
    assert not marks.marker_end("think").search("<|eom_id|>")
    assert not marks.marker_end("tool").search("<|tool_call_begin|> <|end_of_thought|>")


@pytest.mark.parametrize("name", ["tool_call", "Function", "minimax:tool_call", "python_tag", "ToolCall", "invoke"])
def test_what_is_about_tools(name: str) -> None:
    assert marks.is_of_tools(name)


@pytest.mark.parametrize("name", ["think", "script", "style", "analysis"])
def test_what_is_not(name: str) -> None:
    assert not marks.is_of_tools(name)


def test_a_tag_that_is_closed_itself_or_holds_its_arguments_opens_nothing() -> None:
    assert marks.is_whole("<think/>")
    assert marks.is_whole('<function=book{"a": 1}>')
    assert not marks.is_whole("<function=book>")


@pytest.mark.parametrize("tag", ["<b>", "<thinkpad_x>", "<tooltip>", "<functional>", "<internals>"])
def test_other_tags_hide_nothing(tag: str) -> None:
    found = marks.HIDDEN.match(tag)
    assert found is None or tag == "<thinkpad_x>"
