"""What a session shows: to its connection, to dashboards, to the log."""

from actors.conversation import Ending, Floor, PositionPrecision, UtteranceKind
from actors.messages.base import Message
from actors.messages.model import ToolFinished
from actors.messages.transcript import FinalTranscript, InterimTranscript


class AudioFrame(Message, frozen=True):
    """Audio to be heard: PCM16LE mono at the connection's rate."""

    reply: int
    turn: int
    kind: UtteranceKind
    pcm: bytes
    sequence: int
    audio_ms: float
    last: bool


class AudioDiscarded(Message, frozen=True):
    """All audio of the agent that has been sent and not heard yet is void: the connection throws it away."""

    turn: int
    reason: str


class PlaybackPaused(Message, frozen=True):
    """Hold what has not been heard yet (only for a connection that reports its playout)."""

    turn: int


class PlaybackResumed(Message, frozen=True):
    """Go on where playout was held."""

    turn: int


class ReplyText(Message, frozen=True):
    """Text of ours that is about to be heard."""

    turn: int
    kind: UtteranceKind
    text: str


class ReplyHeard(Message, frozen=True):
    """What was heard of a reply, once it is over."""

    turn: int
    kind: UtteranceKind
    text: str
    precision: PositionPrecision
    interrupted: bool


class ToolStarted(Message, frozen=True):
    """A tool runs."""

    call_id: str
    name: str
    arguments: str


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


class ErrorShown(Message, frozen=True):
    """Something failed and the user should know; never carries internals."""

    text: str


class SessionEnded(Message, frozen=True):
    """The session is over."""

    reason: Ending


OutputMessage = (
    AudioFrame
    | AudioDiscarded
    | PlaybackPaused
    | PlaybackResumed
    | InterimTranscript
    | FinalTranscript
    | ReplyText
    | ReplyHeard
    | ToolStarted
    | ToolFinished
    | FloorChanged
    | TurnMeasured
    | ErrorShown
    | SessionEnded
)
