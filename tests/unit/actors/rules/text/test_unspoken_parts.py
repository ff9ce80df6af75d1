"""Thinking, calls of tools and code in the stream of a model, however it is cut; see `test_spoken_text.py` too."""

import pytest

from actors.rules.text.unspoken_parts import UnspokenParts


def pushed(*tokens: str) -> list[str]:
    parts = UnspokenParts()
    return [*(parts.push(token) for token in tokens), parts.finish()]


def test_a_thought_is_left_out_and_what_follows_it_comes_at_once() -> None:
    assert pushed("<thi", "nk>It ", "may be.</th", "ink>At", " nine.") == ["", "", "", "", "At nine.", ""]


def test_the_first_word_of_a_line_is_held_only_until_it_is_whole() -> None:
    assert pushed("We", "ll, ", "yes") == ["", "Well, ", "yes", ""]
    assert pushed("Yes", ".") == ["", "Yes.", ""]
    assert pushed("Yes") == ["", "Yes"]


def test_a_line_that_may_get_a_label_is_held_no_longer_than_it_may() -> None:
    assert pushed("Action", " is", " needed") == ["", "Action is", " needed", ""]
    assert pushed("\n**Ans", "wer**: ", "at nine") == ["", "", "at nine", ""]


def test_a_thought_whose_beginning_was_not_marked_takes_back_what_is_not_spoken_yet() -> None:
    parts = UnspokenParts()
    assert [
        (parts.push(piece), parts.takes_back) for piece in ("The caller wants to know", " when.</think>At nine", ".")
    ] == [
        ("The caller wants to know", False),
        ("At nine", True),
        (".", False),
    ]


@pytest.mark.parametrize("begun", ['{"a": [1', "book_it(day=", "~~~ code", "<think> so"])
def test_of_a_part_that_does_not_end_nothing_is_spoken(begun: str) -> None:
    assert "".join(pushed(begun, " and so on")) == ""


def test_what_is_struck_out_leaves_one_blank_and_holds_nothing_for_long() -> None:
    assert pushed("It is ~", "~Tues", "day~~", " Wed") == ["It is ", "", "", "Wed", ""]
    assert "".join(pushed("It is ~~", "so " * 100)).endswith("so ")
    assert len(UnspokenParts().push("It is ~~" + "so " * 100)) > 200


def test_speech_behind_a_call_is_spoken_as_it_comes() -> None:
    assert pushed('[TOOL_CALLS]book[ARGS]{"a": ', "[1]} It", " is.") == ["", " It", " is.", ""]
    assert pushed("[TOOL_CALLS] Let", " me", " look.") == ["", " Let me", " look.", ""]
    assert pushed('<tool_call>{"a": 1} It', " is.") == [" It", " is.", ""]


def test_what_is_held_is_bounded() -> None:
    parts = UnspokenParts()
    for _ in range(100):
        parts.push("<think>" + "hm " * 1_000)
    assert len(parts._held) < 1_000
    for begun in ("<tool_call>", "<|python_tag|>", "[TOOL_CALLS]book[ARGS]{", "<tool_call>{"):
        parts = UnspokenParts()
        parts.push(begun)
        for _ in range(100):
            parts.push("hm < " * 1_000)
        assert len(parts._held) < 1_000
