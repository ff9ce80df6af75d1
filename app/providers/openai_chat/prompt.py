"""A conversation as chat completions want it. Pure: from a `ModelRequest` to messages and tools."""

from collections.abc import Iterable, Sequence
from typing import Any, assert_never

from actors.conversation import ChatMessage, Role
from actors.ports.llm import ModelRequest
from actors.tools import ToolSchema

CUT = "—"
"""The mark behind a reply that the caller interrupted. A mark in words would soon be imitated by the model."""
SPOKEN = "What you write is spoken to the user as you write it: plain sentences, no lists, no markup, no emoji."
INTERRUPTED = (
    f"Your earlier messages hold only what the user heard. One that ends in {CUT} was interrupted there: the rest was"
    f" not heard. Never write {CUT} yourself."
)
OMITTED = "The conversation is longer than what you see of it: its beginning is left out."
GO_ON = (
    "The connection broke while you were saying your last message; the user has heard it as far as it stands there. Go"
    " on exactly where it ends, with the next word: repeat nothing, say nothing about it. If it was complete, write"
    " nothing."
)
NO_RESULT = '{"status":"no result yet"}'
"""The result of a call whose tool still runs, or was given up after an interruption: services refuse a call without
any."""


def messages(request: ModelRequest) -> list[dict[str, Any]]:
    """The system prompt and the conversation; each call of a tool is followed by its result."""
    written = [{"role": "system", "content": _system(request)}]
    for at, message in enumerate(request.messages, 1):
        match message.role:
            case Role.USER:
                written.append({"role": "user", "content": message.text})
            case Role.ASSISTANT:
                written += _assistant(message, request.messages[at:])
            case Role.TOOL:
                continue
            case Role.NOTE:
                written.append({"role": "system", "content": message.text})
            case _:
                assert_never(message.role)
    return written


def broken_off(written: list[dict[str, Any]], said: str) -> list[dict[str, Any]]:
    """The messages that ask for the rest of a reply of which `said` has been said."""
    return [*written, {"role": "assistant", "content": said}, {"role": "system", "content": GO_ON}]


def tools(schemas: Sequence[ToolSchema]) -> list[dict[str, Any]]:
    """The tools that may be called."""
    return [
        {
            "type": "function",
            "function": {"name": schema.name, "description": schema.description, "parameters": schema.parameters},
        }
        for schema in schemas
    ]


def _system(request: ModelRequest) -> str:
    if request.is_aside:
        return request.agent.instructions
    notes = [request.agent.instructions.strip(), SPOKEN]
    if request.omitted:
        notes.append(OMITTED)
    if any(message.interrupted for message in request.messages):
        notes.append(INTERRUPTED)
    # Last, since it changes by the minute: what comes before is the same for every request, and cached.
    notes.append(request.preamble)
    return "\n\n".join(note for note in notes if note)


def _assistant(message: ChatMessage, later: Sequence[ChatMessage]) -> Iterable[dict[str, Any]]:
    text = message.text.strip()
    if message.interrupted and text:
        text = f"{text.rstrip('.,;:')} {CUT}"
    if not message.tool_requests:
        if text:
            yield {"role": "assistant", "content": text}
        return
    calls = [
        {"id": asked.call_id, "type": "function", "function": {"name": asked.name, "arguments": asked.arguments}}
        for asked in message.tool_requests
    ]
    yield {"role": "assistant", "content": text or None, "tool_calls": calls}
    for asked in message.tool_requests:
        # The first result behind the call is its own: not every model gives ids that differ from turn to turn.
        results = (each.text for each in later if each.role is Role.TOOL and each.call_id == asked.call_id)
        yield {"role": "tool", "tool_call_id": asked.call_id, "content": next(results, NO_RESULT)}
