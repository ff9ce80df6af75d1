"""What the actors of a session tell each other: one frozen Struct a message, flat, units in the names.

`urgent` messages overtake (mailbox.py): only those whose meaning does not depend on what is queued before them.
`refusable` ones, which a client asks for, are dropped where far too many wait. `traced` ones open a span inside a turn.
`transient` ones are of no use to a successor of the actor they were told to; all others reach it (addresses.py).
Reports are past participles, orders are verbs. Wire messages are another vocabulary (`protocol/`): a client can never
name one of these.
"""

from typing import Any, ClassVar

import msgspec

from actors.conversation import ChatMessage, Floor, Heard, Memory, Said
from actors.errors import ErrorKind
from actors.playout import Lead
from actors.ports import ModelEvent, RecognitionEvent, SynthesisEvent
from actors.tools import ToolOutcome
from actors.turn_events import Ending, Timer
from actors.turn_state import TurnState


class Message(msgspec.Struct, frozen=True, tag=True):
    """Base of all messages between actors; nothing subclasses a message."""

    urgent: ClassVar[bool] = False
    traced: ClassVar[bool] = False
    droppable: ClassVar[bool] = False
    refusable: ClassVar[bool] = False
    routine: ClassVar[bool] = False
    transient: ClassVar[bool] = False


# the user's side: connection and session to recognizer and orchestrator


class CallerAudio(Message, frozen=True):
    """Audio of the user, PCM16LE mono at the session's input rate, `offset_bytes` into the session's audio."""

    droppable: ClassVar[bool] = True

    pcm: bytes
    offset_bytes: int
    duration_ms: float


class TextTyped(Message, frozen=True):
    """The user typed instead of speaking."""

    refusable: ClassVar[bool] = True
    traced: ClassVar[bool] = True
    text: str


class KeyPressed(Message, frozen=True):
    """The user pressed a telephone key: one of 0-9 * # A-D."""

    refusable: ClassVar[bool] = True

    key: str


class HoldStarted(Message, frozen=True):
    """The user was put on hold: they hear and say nothing until `HoldEnded`."""


class HoldEnded(Message, frozen=True):
    """The user is back from hold."""


class InterruptRequested(Message, frozen=True):
    """The user asks for the floor by other means than voice."""

    refusable: ClassVar[bool] = True
    urgent: ClassVar[bool] = True


class PlayoutMarked(Message, frozen=True):
    """The client reports how far its user has heard the audio of a turn."""

    transient: ClassVar[bool] = True
    refusable: ClassVar[bool] = True

    turn: int
    audio_ms: float
    state: str
    """playing, paused or empty."""


class Attached(Message, frozen=True):
    """A connection now carries this session."""

    connection_id: str
    lead: Lead
    rate_hz: int
    frame_ms: int = 20


class Detached(Message, frozen=True):
    """The connection that carried this session is gone."""

    connection_id: str
    keep_s: float = 0.0
    """For how many seconds at least the session waits for another one; less than its agent's limit changes nothing."""


class EndSession(Message, frozen=True):
    """End the session: politely (a goodbye is heard first) or at once."""

    urgent: ClassVar[bool] = True
    reason: Ending
    politely: bool = True


InputMessage = (
    TextTyped
    | KeyPressed
    | HoldStarted
    | HoldEnded
    | InterruptRequested
    | PlayoutMarked
    | Attached
    | Detached
    | EndSession
)
"""What a connection tells its session, besides audio."""


# recognizer to orchestrator


class VoiceStarted(Message, frozen=True):
    """The first voiced window of an utterance (the onset)."""

    onset_ms: float


class VoiceProgressed(Message, frozen=True):
    """One more window of an utterance that has begun."""

    transient: ClassVar[bool] = True

    voiced_ms: float
    silence_ms: float


class VoiceEnded(Message, frozen=True):
    """Endpointing found the end of the utterance, `silence_ms` after its last voiced audio."""

    start_ms: float
    end_ms: float
    voiced_ms: float
    silence_ms: float


class NoiseEnded(Message, frozen=True):
    """What had begun was too short to be an utterance."""


class PartialHeard(Message, frozen=True):
    """What the user seems to have said so far."""

    transient: ClassVar[bool] = True

    text: str
    start_ms: float


class FinalHeard(Message, frozen=True):
    """What the user said."""

    traced: ClassVar[bool] = True
    text: str
    start_ms: float
    end_ms: float
    confidence: float


class NothingHeard(Message, frozen=True):
    """There was voice, but nothing intelligible."""


# orders to the recognizer


class ReopenRecognition(Message, frozen=True):
    """The engine owes a final: give the stream up and open another, with (`again`) or without the audio it owes."""

    again: bool


class LevelSent(Message, frozen=True):
    """The level of a frame of ours just sent, for the echo bound."""

    routine: ClassVar[bool] = True
    transient: ClassVar[bool] = True

    at_ms: float
    level_db: float


# orders to the synthesizer


class BeginReply(Message, frozen=True):
    """Text for `reply` follows; audio plays after what is already queued."""

    traced: ClassVar[bool] = True
    transient: ClassVar[bool] = True
    reply: int
    turn: int
    kind: Said


class SpeakText(Message, frozen=True):
    """The next text of `reply`, a speakable piece."""

    transient: ClassVar[bool] = True

    reply: int
    text: str


class FinishReply(Message, frozen=True):
    """`reply` has all its text."""

    transient: ClassVar[bool] = True

    reply: int


class PausePlayout(Message, frozen=True):
    """Stop sending, lose nothing."""

    urgent: ClassVar[bool] = True


class ResumePlayout(Message, frozen=True):
    """Go on where it paused."""

    urgent: ClassVar[bool] = True


class StopPlayout(Message, frozen=True):
    """Silence, at once, and forget all replies up to number `through_reply`."""

    urgent: ClassVar[bool] = True
    turn: int
    through_reply: int
    reason: str


# synthesizer to orchestrator


class PlayoutStarted(Message, frozen=True):
    """The first frame of `reply` was sent."""

    reply: int


class PlayoutDrained(Message, frozen=True):
    """All of `reply` was heard."""

    reply: int
    heard: Heard
    heard_ms: float


class PlayoutStopped(Message, frozen=True):
    """Playout is silent; what was heard of each reply that was cut."""

    through_reply: int
    cut: tuple["HeardReply", ...]


class HeardReply(msgspec.Struct, frozen=True):
    """How much of `reply` was heard: its text up to `text_end` characters."""

    reply: int
    text_end: int
    heard_ms: float
    heard: Heard


class PlayoutFailed(Message, frozen=True):
    """`reply` could not be spoken (further)."""

    reply: int
    kind: ErrorKind
    cut: HeardReply


# tasks of the orchestrator reporting back


class ModelTold(Message, frozen=True):
    """One event of the model stream of `turn`."""

    transient: ClassVar[bool] = True

    turn: int
    event: ModelEvent


class ModelFailed(Message, frozen=True):
    """The model stream of `turn` ended with an error."""

    transient: ClassVar[bool] = True

    turn: int
    kind: ErrorKind
    detail: str


class ToolFinished(Message, frozen=True):
    """A tool of `turn` came back."""

    traced: ClassVar[bool] = True
    transient: ClassVar[bool] = True

    turn: int
    call_id: str
    name: str
    outcome: ToolOutcome
    elapsed_ms: float


class RecognitionTold(Message, frozen=True):
    """One event of the recognizer's stream number `stream`."""

    transient: ClassVar[bool] = True

    stream: int
    event: RecognitionEvent


class SynthesisTold(Message, frozen=True):
    """One event of the synthesizer's stream number `stream`."""

    transient: ClassVar[bool] = True

    stream: int
    event: SynthesisEvent


class TimerFired(Message, frozen=True):
    """A timer of the turn rules is due."""

    transient: ClassVar[bool] = True

    timer: Timer
    serial: int


class Ticked(Message, frozen=True):
    """The play clock: `at_ms` of the loop's time."""

    routine: ClassVar[bool] = True
    transient: ClassVar[bool] = True

    at_ms: float


class ProgressChecked(Message, frozen=True):
    """Time to see whether the engine still does what it owes."""

    transient: ClassVar[bool] = True


# between the session and its children


class Resumed(Message, frozen=True):
    """What a conversation goes on from: after a restart, or from the record of a former session."""

    turn: TurnState
    messages: tuple[ChatMessage, ...]
    memory: Memory
    memory_before: Memory = {}
    """The model's notes as they were before the turn in hand."""


class SessionOver(Message, frozen=True):
    """The conversation has ended; the session can."""

    ending: Ending


class TroubleFound(Message, frozen=True):
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


# what the session shows to its connection and to observers


class Audio(Message, frozen=True):
    """Audio to be heard: PCM16LE mono at the connection's rate."""

    reply: int
    turn: int
    kind: Said
    pcm: bytes
    sequence: int
    audio_ms: float
    last: bool


class PlayoutCleared(Message, frozen=True):
    """Throw away all audio of ours that has not been heard yet."""

    turn: int
    reason: str


class PlayoutPaused(Message, frozen=True):
    """Hold what has not been heard yet (only for a connection that reports its playout)."""

    turn: int


class PlayoutResumed(Message, frozen=True):
    """Go on where playout was held."""

    turn: int


class UserPartialShown(Message, frozen=True):
    """The user's words so far."""

    text: str


class UserFinalShown(Message, frozen=True):
    """The user's words, and how sure the recognizer was of them (0 to 1)."""

    turn: int
    text: str
    confidence: float = 1.0


class ReplyTextShown(Message, frozen=True):
    """Text of ours that is about to be heard."""

    turn: int
    kind: Said
    text: str


class ReplyHeardShown(Message, frozen=True):
    """What was heard of a reply, once it is over."""

    turn: int
    kind: Said
    text: str
    heard: Heard
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


class FloorShown(Message, frozen=True):
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


class TroubleShown(Message, frozen=True):
    """Something failed and the user should know; never carries internals."""

    text: str


class SessionEnded(Message, frozen=True):
    """The session is over."""

    reason: Ending


OutputMessage = (
    Audio
    | PlayoutCleared
    | PlayoutPaused
    | PlayoutResumed
    | UserPartialShown
    | UserFinalShown
    | ReplyTextShown
    | ReplyHeardShown
    | ToolStartedShown
    | ToolEndedShown
    | FloorShown
    | TurnMeasured
    | TroubleShown
    | SessionEnded
)
