"""What operators are shown of an actor: its state now, and the messages that it has handled."""

import msgspec


class ActorState(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot of one actor, as operators are shown it."""

    name: str
    actor_class: str
    state: str
    mailbox_urgent: int
    mailbox: int
    dropped: int
    handled: int
    restarts: int
    last_error: str
    last_message_age_s: float | None


class MessageSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was handled, without its content. `at`: seconds on the scale of the event loop's clock."""

    at: float
    sender: str
    """The name of the actor that told the message; empty if it came from a connection, an engine or a timer."""
    receiver: str
    type: str
