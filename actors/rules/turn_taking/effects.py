"""The vocabulary of the turn rules: what happens (events) and what is to be done about it (effects).

Every event carries `at`, in seconds of the session's clock; the rules read no other clock. Replies are numbered by the
rules, in the order in which they are to be heard; turns are numbered from 1, the greeting belongs to turn 0.
"""

from enum import StrEnum

import msgspec

from actors.conversation import Floor, UtteranceKind
from actors.rules.turn_taking.keys import KeyPattern


class Ending(StrEnum):
    """Why a session ends."""

    NORMAL = "NORMAL"
    HUMAN_HANDOFF = "HUMAN_HANDOFF"
    IDLE_TIMEOUT = "IDLE_TIMEOUT"
    ERROR = "ERROR"


class Timer(StrEnum):
    """The timers of the turn rules; each runs at most once at a time."""

    RESUME = "resume"  # an unconfirmed interruption is taken back
    FILLER = "filler"  # the user has waited long enough to deserve a sign
    FINAL = "final"  # the recognizer owes a final transcript
    ANSWER = "answer"  # the reply has to begin
    NO_INPUT = "no_input"  # nobody has said anything
    KEYS = "keys"  # no further key was pressed
    STOPPED = "stopped"  # the synthesizer owes the report of what was heard
    GOODBYE = "goodbye"  # last words have to be over
    SESSION = "session"  # the longest session
    HOLD = "hold"  # the user is on hold, and is not waited for any longer


class StopReason(StrEnum):
    """Why playout is stopped."""

    BARGE_IN = "barge_in"
    HANG_UP = "hang_up"
    SUPERSEDED = "superseded"  # by our own last words


class Event(msgspec.Struct, frozen=True):
    """Base of the events: when it happened."""

    at: float


class Started(Event, frozen=True):
    """The session is connected."""


class VoiceOnset(Event, frozen=True):
    """The first voiced window."""


class VoiceGoesOn(Event, frozen=True):
    """`voiced_ms` of voiced audio since the onset, the last of it `silence_ms` ago."""

    voiced_ms: float
    silence_ms: float


class VoiceOver(Event, frozen=True):
    """The utterance ended `silence_ms` ago; a final transcript will follow."""

    silence_ms: float


class NoiseOver(Event, frozen=True):
    """What began was no utterance; no transcript will follow."""


class PartialText(Event, frozen=True):
    """What the user seems to have said so far."""

    text: str


class FinalText(Event, frozen=True):
    """What the user said, in audio that ends at `end_ms` of the session's."""

    text: str
    end_ms: float


class NoText(Event, frozen=True):
    """The utterance held nothing intelligible."""


class Typed(Event, frozen=True):
    """The user typed."""

    text: str


class Key(Event, frozen=True):
    """The user pressed a key."""

    key: str


class OnHold(Event, frozen=True):
    """The user was put on hold, and hears and says nothing."""


class OffHold(Event, frozen=True):
    """The user is back from hold."""


class KeysWanted(Event, frozen=True):
    """The next input of keys is complete as `pattern` says."""

    pattern: KeyPattern


class Interrupt(Event, frozen=True):
    """The user asks for the floor by other means than voice."""


class ReplyWritten(Event, frozen=True):
    """The model finished the reply of `turn`; `spoken` tells whether any text went to the synthesizer."""

    turn: int
    spoken: bool


class ReplyBroken(Event, frozen=True):
    """The model failed at the reply of `turn`; `spoken` tells whether any text had gone to the synthesizer."""

    turn: int
    spoken: bool


class ToolsRunning(Event, frozen=True):
    """Tools of `turn` started, or (`running` false) all came back."""

    turn: int
    running: bool


class EndWanted(Event, frozen=True):
    """The conversation is to end: after the reply in hand (`after_reply`), or with a goodbye of ours."""

    ending: Ending
    after_reply: bool


class Trouble(Event, frozen=True):
    """A part of the session cannot be mended: apologise and end."""


class SoundStarted(Event, frozen=True):
    """The first frame of `reply` went out."""

    reply: int


class SoundDrained(Event, frozen=True):
    """`reply` was heard to its end."""

    reply: int
    heard_ms: float


class SoundStopped(Event, frozen=True):
    """Playout is silent since `at`; of what was cut, `heard_ms` had been heard."""

    heard_ms: float


class SoundFailed(Event, frozen=True):
    """`reply` could not be spoken to its end."""

    reply: int


class TimerDue(Event, frozen=True):
    """A timer set by the rules is due."""

    timer: Timer


TurnEvent = (
    Started
    | VoiceOnset
    | VoiceGoesOn
    | VoiceOver
    | NoiseOver
    | PartialText
    | FinalText
    | NoText
    | Typed
    | Key
    | OnHold
    | OffHold
    | KeysWanted
    | Interrupt
    | ReplyWritten
    | ReplyBroken
    | ToolsRunning
    | EndWanted
    | Trouble
    | SoundStarted
    | SoundDrained
    | SoundStopped
    | SoundFailed
    | TimerDue
)


class StartReply(msgspec.Struct, frozen=True):
    """Ask the model for the reply of `turn` to `text`.

    `continues`: the user had not been answered audibly and went on speaking; `text` replaces the former user message.
    """

    turn: int
    reply: int
    text: str
    continues: bool = False


class CancelReply(msgspec.Struct, frozen=True):
    """Cancel model stream, synthesis and interruptible tools of `turn`."""

    turn: int


class Say(msgspec.Struct, frozen=True):
    """Speak one of the agent's own phrases: the `index`-th of its kind."""

    reply: int
    turn: int
    kind: UtteranceKind
    index: int = 0


class Pause(msgspec.Struct, frozen=True):
    """Hold playout."""


class Resume(msgspec.Struct, frozen=True):
    """Let playout go on."""


class Stop(msgspec.Struct, frozen=True):
    """Silence everything up to reply number `through_reply`, at once."""

    turn: int
    through_reply: int
    reason: StopReason


class ReopenEars(msgspec.Struct, frozen=True):
    """The recognizer owes a final and does not give it: reopen its stream.

    `again`: nothing is known of the utterance, so it is to be recognised once more; else it has been dealt with.
    """

    again: bool


class SetTimer(msgspec.Struct, frozen=True):
    """Start `timer` anew."""

    timer: Timer
    delay_s: float


class CancelTimer(msgspec.Struct, frozen=True):
    """Make sure that `timer` does not fire."""

    timer: Timer


class ShowFloor(msgspec.Struct, frozen=True):
    """Tell observers who holds the floor."""

    floor: Floor


class ShowTurn(msgspec.Struct, frozen=True):
    """The times of a turn that is over, in ms."""

    turn: int
    first_audio_ms: float | None
    onset_to_pause_ms: float | None
    onset_to_decision_ms: float | None
    decision_to_silence_ms: float | None
    heard_ms: float
    interrupted: bool


class End(msgspec.Struct, frozen=True):
    """The session is over."""

    ending: Ending


Effect = (
    StartReply
    | CancelReply
    | Say
    | Pause
    | Resume
    | Stop
    | ReopenEars
    | SetTimer
    | CancelTimer
    | ShowFloor
    | ShowTurn
    | End
)
