"""Tools that are run only when the caller was told what is about to be done, and has said something to it. Pure."""

from collections.abc import Sequence

import msgspec

from actors.conversation import ChatMessage, Role, ToolRequest

TO_BE_CONFIRMED = (
    "not done yet: say back to the user what exactly is about to be done, and ask whether that is right; once they have"
    " agreed, call this tool again with the same arguments"
)
"""What the model is answered to a call that the caller has not confirmed."""


def is_confirmed(messages: Sequence[ChatMessage], name: str, arguments: str, turn: int) -> bool:
    """Whether the caller was asked about a tool call that the model makes in `turn`, and has answered.

    That is so if the model's last call with the same arguments was put off, in an earlier turn: then the model has
    told the caller what it is about to do, and the caller's words came after that. What they meant by them is the
    model's to judge.
    """
    same = [
        (message.turn, request)
        for message in messages
        for request in message.tool_requests
        if request.name == name and _are_same(request.arguments, arguments)
    ]
    if not same:
        return False
    asked_in, last = same[-1]
    return asked_in < turn and _was_put_off(messages, last)


def _was_put_off(messages: Sequence[ChatMessage], request: ToolRequest) -> bool:
    answers = (m.text for m in messages if m.role is Role.TOOL and m.call_id == request.call_id)
    return any(TO_BE_CONFIRMED in text for text in answers)


def _are_same(one: str, other: str) -> bool:
    """Whether the arguments of two calls are the same, however their JSON is written."""
    try:
        return one == other or msgspec.json.decode(one or "{}") == msgspec.json.decode(other or "{}")
    except (ValueError, RecursionError):
        # No JSON, nested too deeply, or half an emoji in it: then only the very same text is the same.
        return False
