"""Chunks as various servers send them."""

from typing import Any

import pytest

from actors.errors import ErrorKind, ModelError
from actors.ports.llm import ModelEvent, ReplyGenerated, TextGenerated, ToolCalled
from app.providers.openai_chat.chunks import ReplyReader

Chunk = dict[str, Any]


def chunk(delta: Any = None, finish: str | None = None, **more: Any) -> Chunk:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"choices": [choice], "usage": None, **more}


def piece(index: int | None = 0, call_id: str = "", name: str = "", arguments: str = "") -> dict[str, Any]:
    function = {"name": name or None, "arguments": arguments}
    return {"tool_calls": [{"index": index, "id": call_id or None, "function": function}]}


def read(*chunks: Chunk) -> list[ModelEvent]:
    reader = ReplyReader()
    events = [event for each in chunks for event in reader.read(each)]
    return [*events, reader.ended()]


def test_text_is_told_as_it_comes() -> None:
    events = read(chunk({"role": "assistant", "content": ""}), chunk({"content": "Good"}), chunk({"content": " day"}))
    assert events[:2] == [TextGenerated("Good"), TextGenerated(" day")]


def test_a_refusal_is_said() -> None:
    assert read(chunk({"refusal": "I cannot help."}))[0] == TextGenerated("I cannot help.")


def test_a_call_is_told_when_the_next_begins_or_the_reply_ends() -> None:
    reader = ReplyReader()
    told = [
        reader.read(each)
        for each in (
            chunk(piece(0, "a", "book")),
            chunk(piece(0, arguments='{"day":')),
            chunk(piece(0, arguments='"friday"}')),
            chunk(piece(1, "b", "prices")),
            chunk({}, "tool_calls"),
        )
    ]
    first, second = (
        ToolCalled(call_id="a", name="book", arguments='{"day":"friday"}'),
        ToolCalled(call_id="b", name="prices", arguments="{}"),
    )
    assert told == [[], [], [], [first], [second]]


def test_calls_without_index_or_id_are_told_apart_as_far_as_they_can_be() -> None:
    events = read(
        chunk(piece(None, "a", "book", "{")),
        chunk(piece(None, arguments="}")),
        chunk(piece(None, "b", "prices", "{}")),
        chunk({}, "tool_calls"),
    )
    assert events[:2] == [
        ToolCalled(call_id="a", name="book", arguments="{}"),
        ToolCalled(call_id="b", name="prices", arguments="{}"),
    ]
    (nameless, _) = read(chunk(piece(0, "", "book", "{}")), chunk({}, "stop"))
    assert isinstance(nameless, ToolCalled)
    assert nameless.call_id.startswith("call_")


def test_a_name_that_comes_again_is_no_longer_for_it() -> None:
    events = read(chunk(piece(0, "a", "book")), chunk(piece(0, "a", "book", "{}")), chunk({}, "tool_calls"))
    assert events[0] == ToolCalled(call_id="a", name="book", arguments="{}")


def test_what_it_cost_is_told_at_the_end() -> None:
    usage = {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}
    assert read(chunk({"content": "Yes."}, "stop"), chunk(choices=[], usage=usage))[-1] == ReplyGenerated(12, 3)


def test_chunks_that_say_nothing_say_nothing() -> None:
    reader = ReplyReader()
    for empty in (chunk(choices=[]), chunk(choices=None), chunk(None), chunk({}), chunk({"role": "assistant"})):
        assert reader.read(empty) == []
    assert not reader.begun


@pytest.mark.parametrize(
    ("chunks", "kind"),
    [
        ([chunk({"content": "Well"}), chunk({}, "content_filter")], ErrorKind.REFUSED),
        ([chunk(piece(0, "a", "book", '{"day":')), chunk({}, "length")], ErrorKind.INTERNAL),
    ],
)
def test_a_reply_that_was_cut_is_an_error(chunks: list[Chunk], kind: ErrorKind) -> None:
    with pytest.raises(ModelError) as cut:
        read(*chunks)
    assert cut.value.kind is kind


def test_a_text_that_reached_its_length_is_a_reply() -> None:
    assert read(chunk({"content": "Well"}), chunk({}, "length"))[0] == TextGenerated("Well")


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        "text",
        {},
        {"choices": None, "usage": None},
        {"choices": "none", "usage": 5},
        {"choices": [None, 1, {"delta": "text"}, {"delta": {"content": ["a"], "tool_calls": "b"}, "finish_reason": 3}]},
        {"usage": {"prompt_tokens": "many", "completion_tokens": 1.5}},
    ],
)
def test_what_is_no_chunk_says_nothing(wrong: Any) -> None:
    assert read(wrong, chunk({"content": "Good"}))[0] == TextGenerated("Good")


def test_fields_of_a_call_that_hold_something_else_are_left_out() -> None:
    odd = {"tool_calls": [{"index": "0", "id": 7, "function": {"name": "book", "arguments": None}}]}
    (call, _) = read(chunk(odd), chunk({"tool_calls": [{"index": 0, "function": "x"}]}), chunk({}, "tool_calls"))
    assert isinstance(call, ToolCalled)
    assert (call.name, call.arguments) == ("book", "{}")
