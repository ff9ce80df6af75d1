"""What the turn rules remember, as data: a copy of it is what a restarted orchestrator goes on from."""

from enum import StrEnum

import msgspec

from actors.conversation import UtteranceKind
from actors.rules.turn_taking.effects import Ending, ShowTurn
from actors.rules.turn_taking.keys import KeyPattern


class AgentActivity(StrEnum):
    """What the agent is doing, apart from being heard."""

    IDLE = "idle"
    THINKING = "thinking"
    TOOL = "tool"
    LEAVING = "leaving"


class CallerActivity(StrEnum):
    """What the user is doing."""

    SILENT = "silent"
    TALKING = "talking"
    AWAITED = "awaited"  # the utterance is over, its final transcript is owed


class Interruption(StrEnum):
    """How far the interruption in hand has come."""

    NONE = "none"
    HELD = "held"  # playout is paused, the decision is open
    DECIDED = "decided"  # the turn is the user's


class Sound(msgspec.Struct, frozen=True):
    """Something the agent has begun to say and that is not over."""

    reply: int
    turn: int
    kind: UtteranceKind
    started: bool = False


class Measures(msgspec.Struct):
    """Times of the turn in hand, in seconds of the session's clock."""

    asked_at: float | None = None
    first_audio_at: float | None = None
    onset_at: float | None = None
    paused_at: float | None = None
    decided_at: float | None = None
    heard_ms: float = 0.0

    @property
    def worth_showing(self) -> bool:
        """Whether anything of the turn was heard or cut."""
        return self.first_audio_at is not None or self.decided_at is not None

    def shown(self, turn: int, silent_at: float | None) -> ShowTurn:
        """The times in ms, when playout was silent at `silent_at`."""
        return ShowTurn(
            turn=turn,
            first_audio_ms=_ms_between(self.asked_at, self.first_audio_at),
            onset_to_pause_ms=_ms_between(self.onset_at, self.paused_at),
            onset_to_decision_ms=_ms_between(self.onset_at, self.decided_at),
            decision_to_silence_ms=_ms_between(self.decided_at, silent_at),
            heard_ms=self.heard_ms,
            interrupted=self.decided_at is not None,
        )


class TurnSnapshot(msgspec.Struct):
    """All that the rules remember between two events, measures apart."""

    turn: int = 0
    last_reply: int = 0
    doing: AgentActivity = AgentActivity.IDLE
    user: CallerActivity = CallerActivity.SILENT
    interruption: Interruption = Interruption.NONE
    sounds: tuple[Sound, ...] = ()
    asked: str = ""
    """The user's words that the turn answers."""
    waiting_text: str = ""
    """The user's words that are to be answered as soon as the agent is silent."""
    stopping: bool = False
    """A Stop was ordered and its report is awaited."""
    partial: str = ""
    reopened: bool = False
    """The recognizer was given a second chance for the utterance whose final is owed."""
    tail_text: str = ""
    """An unconfirmed answer, in case the reply was about to end."""
    tail_at: float = 0.0
    consumed_ms: float = -1.0
    """Audio up to here has been dealt with; a final that ends before it came late."""
    keys: str = ""
    key_pattern: KeyPattern | None = None
    """When `keys` are complete; None: as the agent has it."""
    greets: bool = False
    """The user was cut off with the process that talked with them, and is greeted before the conversation goes on."""
    on_hold: bool = False
    """The user is on hold: nobody is there to be prompted."""
    prompts: int = 0
    broken: int = 0
    """Replies that have failed in a row."""
    broken_turn: int = -1
    """The turn of the last of them."""
    asked_again: bool = False
    """The user was asked to say again what the turn should have answered."""
    fillers: int = 0
    false_at: tuple[float, ...] = ()
    pause_factor: int = 1
    written: bool = True
    """The turn's reply has all its text."""
    audible: bool = False
    """The turn's reply, fillers apart, has begun to be heard."""
    ending: Ending | None = None
    finished: bool = False


def _ms_between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None or end < start else (end - start) * 1000
