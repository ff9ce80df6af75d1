"""TODO docstring."""

from typing import ClassVar

from actors.conversation import ChatMessage, Memory
from actors.messages.base import Message
from actors.rules.turn_taking.effects import Ending, Timer
from actors.rules.turn_taking.state import TurnSnapshot


class TimerFired(Message, frozen=True):
    """A timer of the turn rules is due."""

    transient: ClassVar[bool] = True

    timer: Timer
    serial: int


class Resumed(Message, frozen=True):
    """What a conversation goes on from: after a restart, or from the record of a former session."""

    turn: TurnSnapshot
    messages: tuple[ChatMessage, ...]
    memory: Memory
    memory_before: Memory = {}
    """The model's notes as they were before the turn in hand."""


class SessionOver(Message, frozen=True):
    """The conversation has ended; the session can."""

    ending: Ending


class SessionFailed(Message, frozen=True):
    """A part of the session cannot be mended."""


class RestartChild(Message, frozen=True):
    """Start the child `name` again: an operator asks for it, or its backoff is over (`if_gone`: unless it is there)."""

    transient: ClassVar[bool] = True

    name: str
    if_gone: bool = False


class ReconnectExpired(Message, frozen=True):
    """Nobody came back to the session in time."""

    transient: ClassVar[bool] = True

    connection_id: str


class IdleChecked(Message, frozen=True):
    """It is time to see whether anybody still speaks in a session."""


class TurnRecorded(Message, frozen=True):
    """A turn is over: the conversation is worth saving."""

    turn: int
