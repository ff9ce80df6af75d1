"""What a session shows: to its connection, to dashboards, to the log."""

from typing import Any

from actors.conversation import Ending, Floor, PositionPrecision, UtteranceKind
from actors.messages.base import Message


class AudioFrame(Message, frozen=True):
    """Audio to be heard: PCM16LE mono at the connection's rate."""

    reply: int
    turn: int
    kind: UtteranceKind
    pcm: bytes
    sequence: int
    audio_ms: float
    last: bool


class PlaybackCleared(Message, frozen=True):
    """Throw away all audio of ours that has not been heard yet."""

    turn: int
    reason: str


class PlaybackPaused(Message, frozen=True):
    """Hold what has not been heard yet (only for a connection that reports its playout)."""

    turn: int


class PlaybackResumed(Message, frozen=True):
    """Go on where playout was held."""

    turn: int


class InterimTranscriptShown(Message, frozen=True):
    """The user's words so far."""

    text: str


class FinalTranscriptShown(Message, frozen=True):
    """The user's words, and how sure the recognizer was of them (0 to 1)."""

    turn: int
    text: str
    confidence: float = 1.0


class ReplyTextShown(Message, frozen=True):
    """Text of ours that is about to be heard."""

    turn: int
    kind: UtteranceKind
    text: str


class ReplyHeardShown(Message, frozen=True):
    """What was heard of a reply, once it is over."""

    turn: int
    kind: UtteranceKind
    text: str
    heard: PositionPrecision
    interrupted: bool


class ToolStartedShown(Message, frozen=True):
    """A tool runs."""

    call_id: str
    name: str
    arguments: str


class ToolEndedShown(Message, frozen=True):
    """A tool came back."""

    call_id: str
    name: str
    failed: bool
    elapsed_ms: float
    result: Any


class FloorChanged(Message, frozen=True):
    """Who holds the floor now."""

    floor: Floor
    turn: int


class TurnMeasured(Message, frozen=True):
    """The times of one turn, in ms; None where the thing did not happen."""

    turn: int
    first_audio_ms: float | None
    onset_to_pause_ms: float | None
    onset_to_decision_ms: float | None
    decision_to_silence_ms: float | None
    heard_ms: float
    interrupted: bool


class FailureShown(Message, frozen=True):
    """Something failed and the user should know; never carries internals."""

    text: str


class SessionEnded(Message, frozen=True):
    """The session is over."""

    reason: Ending


OutputMessage = (
    AudioFrame
    | PlaybackCleared
    | PlaybackPaused
    | PlaybackResumed
    | InterimTranscriptShown
    | FinalTranscriptShown
    | ReplyTextShown
    | ReplyHeardShown
    | ToolStartedShown
    | ToolEndedShown
    | FloorChanged
    | TurnMeasured
    | FailureShown
    | SessionEnded
)
