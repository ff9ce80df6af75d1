"""What the events of a conversation tell who talks with the agent: what was understood and said, and who may speak."""

from collections.abc import Sequence
from typing import Any

Event = dict[str, Any]


def is_understood(event: Event) -> bool:
    """Whether it holds the user's words, to their end."""
    if event["type"] != "event" or event["sender"] != "User":
        return False
    return bool(event["payload"].get("event_type") != "stt_partial")


def is_reply(event: Event) -> bool:
    """Whether it holds what was heard of a reply that is over."""
    return bool(event["type"] == "assistant_final")


def said_by_agent(events: Sequence[Event]) -> str:
    """What was heard of the agent."""
    return " ".join(event["content"] for event in events if is_reply(event))


def reply_is_over(events: Sequence[Event]) -> bool:
    """Whether the user may speak: a reply was heard to its end and nobody speaks.

    Where the user was understood meanwhile, a reply of an earlier turn is none to that.
    """
    replied = max((event["turn"] for event in events if is_reply(event)), default=-1)
    understood = max((event["payload"].get("turn", 0) for event in events if is_understood(event)), default=0)
    floor = next((event["floor"] for event in reversed(events) if event["type"] == "floor"), "")
    return replied >= understood and floor == "nobody"
