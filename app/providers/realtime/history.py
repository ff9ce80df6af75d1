"""A conversation as items of a Realtime session. Pure."""

from collections.abc import Iterator, Sequence

from actors.conversation import ChatMessage, Role
from app.providers.openai_chat.prompt import CUT, NO_RESULT
from protocol.realtime.commands import CallItem, CallOutputItem, Item, TextItem


def history_items(messages: Sequence[ChatMessage]) -> Iterator[Item]:
    """What was said before, as it was heard; each call of a tool is followed by its result."""
    for at, message in enumerate(messages, 1):
        if message.role is Role.TOOL:
            continue
        yield from message_items(message)
        for asked in message.tool_requests:
            # The first result behind the call is its own: not every model gives ids that differ from turn to turn.
            answers = (each.text for each in messages[at:] if each.role is Role.TOOL and each.call_id == asked.call_id)
            yield CallOutputItem(call_id=asked.call_id, output=next(answers, NO_RESULT))


def message_items(message: ChatMessage) -> Iterator[Item]:
    """One message by itself. What was not spoken and not written has no item."""
    text = message.text.strip()
    match message.role:
        case Role.TOOL:
            yield CallOutputItem(call_id=message.call_id, output=message.text)
        case Role.USER if text:
            yield TextItem(role="user", text=text)
        case Role.NOTE if text:
            yield TextItem(role="system", text=text)
        case Role.ASSISTANT if text:
            said = f"{text.rstrip('.,;:')} {CUT}" if message.interrupted else text
            yield TextItem(role="assistant", text=said)
        case _:
            pass
    for asked in message.tool_requests:
        yield CallItem(call_id=asked.call_id, name=asked.name, arguments=asked.arguments)
