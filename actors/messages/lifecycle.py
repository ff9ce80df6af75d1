"""The life of a session: its timers, its end, and the restart of its children."""

from enum import StrEnum
from typing import ClassVar

from actors.conversation import Ending, HandoffMade
from actors.messages.base import Message


class Timer(StrEnum):
    """The timers of turn-taking: one for each row of its table of waits (`rules/turn_taking/waits.py`)."""

    AUDIO = "audio"
    TRANSCRIPT = "transcript"
    CONFIRMATION = "confirmation"
    PREEMPTION = "preemption"
    FILLER = "filler"
    REPLY = "reply"
    STOPPED = "stopped"
    KEYS = "keys"
    NO_INPUT = "no_input"
    HOLD = "hold"
    GOODBYE = "goodbye"
    SESSION = "session"
    CLOSING = "closing"
    ANSWERED = "answered"


class TimerFired(Message, frozen=True):
    """The timer `timer` of turn-taking is due; `serial` tells it from an older one that was set anew meanwhile."""

    transient: ClassVar[bool] = True

    timer: Timer
    serial: int


class TranscriptionWaited(Message, frozen=True):
    """Something that a session that only listens waits for may be overdue."""

    transient: ClassVar[bool] = True


class SessionOver(Message, frozen=True):
    """The conversation has come to its end, so that the session can be closed."""

    ending: Ending


class SessionFailed(Message, frozen=True):
    """A part of the session has failed too often to be started again: the session has to apologise and end."""


class AgentReplaced(Message, frozen=True):
    """The conversation was handed off: what differs from agent to agent has to be started anew for the new one."""

    made: HandoffMade


class RestartChild(Message, frozen=True):
    """Start the child `name` again, because an operator asks for it or because its backoff is over."""

    transient: ClassVar[bool] = True

    name: str
    unless_running: bool = False
    """Leave a child alone that is running: so says a restart after a backoff, but not an operator."""


class ReleaseChild(Message, frozen=True):
    """Stop the child `name`, which has nothing to do for now; `RestartChild` starts it again."""

    name: str


class CallerCutOff(Message, frozen=True):
    """The connection is lost and another one is waited for: until then the caller hears nothing."""

    repeatable: ClassVar[bool] = True


class CallerIsBack(Message, frozen=True):
    """There is another connection in place of the one that was lost."""

    repeatable: ClassVar[bool] = True


class ReconnectExpired(Message, frozen=True):
    """The time is over that the session waits for another connection in place of the one with this id."""

    transient: ClassVar[bool] = True

    connection_id: str


class LanguageChanged(Message, frozen=True):
    """The conversation goes on in another language of its agent; it was `former`, empty for the agent's first."""

    former: str


class TurnRecorded(Message, frozen=True):
    """What was heard in `turn` is in the conversation now, so that the record of the session is worth saving."""

    turn: int
