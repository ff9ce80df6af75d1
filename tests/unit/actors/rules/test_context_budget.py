"""How much of a conversation a model reads."""

import pytest

from actors.conversation import ChatMessage, Role, ToolRequest
from actors.rules.context_budget import MAX_CONTEXT_CHARS, MAX_CONTEXT_MESSAGES, within_budget


def said(text: str) -> ChatMessage:
    return ChatMessage(role=Role.USER, text=text)


def answered(text: str) -> ChatMessage:
    return ChatMessage(role=Role.ASSISTANT, text=text)


def test_a_short_conversation_is_read_whole() -> None:
    messages = [said("a"), answered("b"), said("c")]
    assert within_budget(messages) == messages
    assert within_budget([]) == []
    assert within_budget([answered("hello")]) == [answered("hello")]


def test_of_many_turns_the_newest_are_read() -> None:
    messages = [m for n in range(500) for m in (said(f"question {n}"), answered(f"answer {n}"))]
    kept = within_budget(messages)
    assert len(kept) == MAX_CONTEXT_MESSAGES
    assert kept == messages[-MAX_CONTEXT_MESSAGES:]


def test_of_long_turns_as_many_as_fit_are_read() -> None:
    messages = [m for n in range(100) for m in (said("q" * 1_000), answered("a" * 3_000))]
    kept = within_budget(messages)
    assert sum(len(message.text) for message in kept) <= MAX_CONTEXT_CHARS
    assert len(kept) == 24


@pytest.mark.parametrize("size", [1_000, 40_000, 400_000])
def test_what_is_to_be_answered_is_always_read(size: int) -> None:
    turn = [
        said("q"),
        ChatMessage(role=Role.ASSISTANT, tool_requests=(ToolRequest("c", "t", "x" * size),)),
        ChatMessage(role=Role.TOOL, text="r" * size, call_id="c"),
    ]
    assert within_budget([said("old"), answered("o" * 9_000), *turn])[-3:] == turn


def test_no_result_comes_without_its_call() -> None:
    called = ChatMessage(role=Role.ASSISTANT, tool_requests=(ToolRequest("c", "t", "x" * MAX_CONTEXT_CHARS),))
    messages = [said("q"), called, ChatMessage(role=Role.TOOL, text="r", call_id="c"), answered("a"), said("next")]
    assert within_budget(messages) == messages[3:]
