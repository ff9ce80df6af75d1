"""A conversation is as long as it may be by its messages, or by what stands in them."""

import pytest

from actors.conversation import ChatMessage, Role, ToolRequest
from actors.rules.conversation_bounds import MAX_CHARS, MAX_MESSAGES, is_full


def said(text: str, arguments: str = "") -> ChatMessage:
    requests = (ToolRequest("c1", "book", arguments),) if arguments else ()
    return ChatMessage(role=Role.ASSISTANT, text=text, turn=1, tool_requests=requests)


@pytest.mark.parametrize(
    ("messages", "full"),
    [
        ([], False),
        ([said("yes")] * (MAX_MESSAGES - 1), False),
        ([said("yes")] * MAX_MESSAGES, True),
        ([said("x" * (MAX_CHARS - 1))], False),
        ([said("x" * (MAX_CHARS - 1), "y")], True),
        ([said("x" * (MAX_CHARS // 2))] * 2, True),
    ],
)
def test_messages_and_characters_count(messages: list[ChatMessage], full: bool) -> None:
    assert is_full(messages) is full
