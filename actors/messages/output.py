"""What a session tells its connection, the dashboards that look on, and the log."""

from typing import final

from actors.conversation import Ending, Floor, PositionPrecision, UtteranceKind
from actors.messages.base import Message
from actors.messages.model import ToolFinished
from actors.messages.transcript import FinalTranscript, InterimTranscript


@final
class AudioFrame(Message, frozen=True, gc=False, kw_only=True):
    """The next frame of audio to be played, PCM16LE mono at the connection's rate."""

    reply: int
    turn: int
    kind: UtteranceKind
    pcm: bytes
    sequence: int
    """How many frames of the same reply were sent before this one."""
    audio_ms: float
    """Where in the reply's audio the frame begins, in ms."""
    last: bool
    first: bool = False
    """The reply begins to be sent; once per reply."""
    text_end: int = 0
    """How many characters of the reply's text have begun to sound when this frame ends."""


class AudioDiscarded(Message, frozen=True):
    """All audio of the agent that was sent and has not been heard is void: the connection throws it away."""

    turn: int
    reason: str


class PlaybackPaused(Message, frozen=True):
    """The client is to hold what it has not played yet; only for a connection that reports how far it has played."""

    turn: int


class PlaybackResumed(Message, frozen=True):
    """The client is to go on playing where `PlaybackPaused` stopped it."""

    turn: int


class ReplyText(Message, frozen=True):
    """A piece of what the agent says, shown as it is about to be heard."""

    turn: int
    kind: UtteranceKind
    text: str


class ReplyHeard(Message, frozen=True, kw_only=True):
    """What the caller has heard of a reply that is over: all of it, or its beginning if it was `interrupted`."""

    turn: int
    kind: UtteranceKind
    text: str
    precision: PositionPrecision
    interrupted: bool


class ToolStarted(Message, frozen=True):
    """The tool `name` begins to run with `arguments`, a JSON object as text."""

    call_id: str
    name: str
    arguments: str


class ToolProgressed(Message, frozen=True):
    """The tool `name` has done so many percent of its work, as it says itself."""

    call_id: str
    name: str
    percent: int


class AgentTookOver(Message, frozen=True, kw_only=True):
    """Another agent has the conversation from `turn` on. `label` is shown as the sender of its messages."""

    agent: str
    label: str
    from_agent: str
    turn: int


class FloorChanged(Message, frozen=True):
    """The floor has passed to somebody else, or to nobody."""

    floor: Floor
    turn: int


class TurnMeasured(Message, frozen=True, kw_only=True):
    """The times of one turn in ms; None for a time whose beginning or end did not happen."""

    turn: int
    first_audio_ms: float | None
    onset_to_pause_ms: float | None
    onset_to_decision_ms: float | None
    decision_to_silence_ms: float | None
    heard_ms: float
    interrupted: bool


class ErrorShown(Message, frozen=True):
    """Something has failed that the caller should know of. `text` is the agent's own phrase, without internals."""

    text: str


class SessionEnded(Message, frozen=True):
    """The session has ended, for `reason`; nothing follows."""

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
    | ToolProgressed
    | ToolFinished
    | AgentTookOver
    | FloorChanged
    | TurnMeasured
    | ErrorShown
    | SessionEnded
)
