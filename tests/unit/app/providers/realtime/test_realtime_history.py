"""A conversation as items of a session."""

import pytest

from actors.conversation import ChatMessage, Role, ToolRequest
from app.providers.realtime.history import history_items, message_items
from protocol.realtime.commands import CallItem, CallOutputItem, Item, TextItem


@pytest.mark.parametrize(
    ("message", "items"),
    [
        (ChatMessage(role=Role.USER, text=" Hello. "), [TextItem(role="user", text="Hello.")]),
        (ChatMessage(role=Role.ASSISTANT, text="Hello."), [TextItem(role="assistant", text="Hello.")]),
        (
            ChatMessage(role=Role.ASSISTANT, text="Hello, ", interrupted=True),
            [TextItem(role="assistant", text="Hello —")],
        ),
        (ChatMessage(role=Role.ASSISTANT, text="", interrupted=True), []),
        (ChatMessage(role=Role.USER, text="  "), []),
        (ChatMessage(role=Role.NOTE, text="On hold."), [TextItem(role="system", text="On hold.")]),
        (ChatMessage(role=Role.TOOL, call_id="c", text="[]"), [CallOutputItem(call_id="c", output="[]")]),
    ],
)
def test_a_message_by_itself(message: ChatMessage, items: list[Item]) -> None:
    assert list(message_items(message)) == items


def test_each_call_is_followed_by_its_result() -> None:
    asked = (ToolRequest("c1", "look", "{}"), ToolRequest("c2", "book", "{}"))
    messages = [
        ChatMessage(role=Role.ASSISTANT, text="Let me see.", tool_requests=asked),
        ChatMessage(role=Role.TOOL, call_id="c2", text="2"),
        ChatMessage(role=Role.TOOL, call_id="c1", text="1"),
    ]
    items = list(history_items(messages))
    assert items[0] == TextItem(role="assistant", text="Let me see.")
    assert items[1:3] == [
        CallItem(call_id="c1", name="look", arguments="{}"),
        CallItem(call_id="c2", name="book", arguments="{}"),
    ]
    assert items[3:] == [CallOutputItem(call_id="c1", output="1"), CallOutputItem(call_id="c2", output="2")]


def test_a_call_without_result_gets_one_that_says_so() -> None:
    messages = [ChatMessage(role=Role.ASSISTANT, tool_requests=(ToolRequest("c1", "look", "{}"),))]
    *_, output = history_items(messages)
    assert isinstance(output, CallOutputItem)
    assert "no result" in output.output


def test_an_id_that_comes_twice_has_the_result_behind_it() -> None:
    turn = [ChatMessage(role=Role.ASSISTANT, tool_requests=(ToolRequest("c", "look", "{}"),))]
    messages = [
        *turn,
        ChatMessage(role=Role.TOOL, call_id="c", text="1"),
        *turn,
        ChatMessage(role=Role.TOOL, call_id="c", text="2"),
    ]
    outputs = [item.output for item in history_items(messages) if isinstance(item, CallOutputItem)]
    assert outputs == ["1", "2"]
