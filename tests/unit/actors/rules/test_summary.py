"""When a conversation is summarised, and what its model reads then."""

import pytest

from actors.conversation import ChatMessage, Role, ToolRequest
from actors.rules.context_budget import within_budget
from actors.rules.summary import READ_AS, Summary, due, summarized, to_be_summarized


def turns(count: int, chars: int = 100, first: int = 1) -> list[ChatMessage]:
    return [
        ChatMessage(role=role, text=f"{turn} ".ljust(chars, "x"), turn=turn)
        for turn in range(first, first + count)
        for role in (Role.USER, Role.ASSISTANT)
    ]


@pytest.mark.parametrize(
    ("messages", "max_chars", "through"),
    [
        (turns(7), 2_000, 0),
        (turns(8), 2_000, 5),
        (turns(8), 20_000, 0),
        (turns(76, 10), 200_000, 46),
        (turns(2, 2_000), 4_000, 1),
        (turns(1, 9_000), 4_000, 0),
        ([], 4_000, 0),
    ],
)
def test_the_older_part_of_a_long_conversation_is_due(
    messages: list[ChatMessage], max_chars: int, through: int
) -> None:
    open_turn = messages[-1].turn if messages else 0
    assert due(messages, open_turn, max_chars) == through


def test_what_a_tool_is_still_to_tell_is_not_summarised() -> None:
    assert due(turns(8), 3, 2_000) == 2
    assert due(turns(8), 1, 2_000) == 0


def test_a_summary_stands_for_what_it_covers_and_is_summed_up_again() -> None:
    read = summarized(turns(8), Summary("Ada wants a table.", 5))
    assert [message.turn for message in read] == [5, 6, 6, 7, 7, 8, 8]
    assert (read[0].role, read[0].text) == (Role.NOTE, READ_AS + "Ada wants a table.")
    assert summarized(turns(3), None) == turns(3)
    assert due(read, 8, 400) == 7
    # One that is the only thing left before the newest turn is no reason to ask again.
    assert due(summarized(turns(2), Summary("x" * 2_000, 1)), 2, 2_000) == 0
    text = to_be_summarized(read, 6)
    assert text.startswith(READ_AS + "Ada wants a table.\nUser: 6 ")
    assert "7 x" not in text


def test_the_text_says_who_said_and_did_what() -> None:
    messages = [
        ChatMessage(role=Role.USER, text="is nine free", turn=1),
        ChatMessage(role=Role.ASSISTANT, turn=1, tool_requests=(ToolRequest("c", "free_times", '{"day":"Monday"}'),)),
        ChatMessage(role=Role.TOOL, text='["9:00"]', call_id="c", turn=1),
        ChatMessage(role=Role.ASSISTANT, text="Nine is", turn=1, interrupted=True),
    ]
    assert to_be_summarized(messages, 1).splitlines() == [
        "User: is nine free",
        'Assistant calls free_times {"day":"Monday"}',
        'Tool: ["9:00"]',
        "Assistant: Nine is [interrupted]",
    ]


def test_a_summary_is_read_however_little_else_is() -> None:
    read = summarized(turns(8), Summary("Ada wants a table.", 5))
    assert within_budget(read, 300)[0] == read[0]
    assert [message.turn for message in within_budget(read, 300)] == [5, 8, 8]
