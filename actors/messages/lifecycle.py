"""The life of a session: its timers, its end, and the restart of its children."""

from enum import StrEnum
from typing import ClassVar

from actors.conversation import Ending
from actors.messages.base import Message


class Timer(StrEnum):
    """The timers of turn-taking: one for each row of its table of waits (`rules/turn_taking/waits.py`)."""

    AUDIO = "audio"
    TRANSCRIPT = "transcript"
    CONFIRMATION = "confirmation"
    FILLER = "filler"
    REPLY = "reply"
    STOPPED = "stopped"
    KEYS = "keys"
    NO_INPUT = "no_input"
    HOLD = "hold"
    GOODBYE = "goodbye"
    SESSION = "session"
    CLOSING = "closing"


class TimerFired(Message, frozen=True):
    """A timer of the turn rules is due."""

    transient: ClassVar[bool] = True

    timer: Timer
    serial: int


class SessionOver(Message, frozen=True):
    """The conversation has ended; the session can."""

    ending: Ending


class SessionFailed(Message, frozen=True):
    """A part of the session cannot be mended."""


class RestartChild(Message, frozen=True):
    """Start the child `name` again, because an operator asks for it or because its backoff is over."""

    transient: ClassVar[bool] = True

    name: str
    unless_running: bool = False
    """Leave a child alone that runs again already: what a backoff wants, but not an operator."""


class ReconnectExpired(Message, frozen=True):
    """Nobody came back to the session in time."""

    transient: ClassVar[bool] = True

    connection_id: str


class IdleChecked(Message, frozen=True):
    """It is time to see whether anybody still speaks in a session."""


class TurnRecorded(Message, frozen=True):
    """A turn is over: the conversation is worth saving."""

    turn: int
