"""What turn-taking orders: effects, in the order in which they must be carried out.

Orders to other actors are those actors' own messages, and what is shown is shown as it is; only what the orchestrator
does itself has a Struct here. Replies are numbered by the rules, in the order in which they are to be heard; turns are
numbered from 1, and the greeting belongs to turn 0.
"""

from enum import StrEnum
from typing import final

import msgspec

from actors.conversation import Ending, UtteranceKind
from actors.messages.lifecycle import Timer
from actors.messages.output import FloorChanged, TurnMeasured
from actors.messages.playback import EndAtSentence, PausePlayback, ResumePlayback, StopPlayback, YieldPlayback
from actors.messages.transcript import EndUtterance, ReopenRecognition


class StartReply(msgspec.Struct, frozen=True, kw_only=True):
    """Ask the model for the reply of `turn` to `text`.

    `continues`: the caller had not been answered audibly and went on speaking; `text` replaces the former user message.
    """

    turn: int
    reply: int
    text: str
    continues: bool = False
    is_preempted: bool = False
    """Whether the pre-emptive reply in hand answers these very words and is to be continued."""


class BeginPreemptiveReply(msgspec.Struct, frozen=True, kw_only=True):
    """Have the model begin the reply to `text`, which may not be all that the caller says, in the next turn.

    Nothing of it is heard or recorded, and no tool is run, before `StartReply` says that it is the reply.
    """

    turn: int
    text: str
    continues: bool = False


class DiscardCause(StrEnum):
    """Why a pre-emptive reply is thrown away."""

    WENT_ON = "went_on"
    OTHER_WORDS = "other_words"
    OVERTAKEN = "overtaken"
    NOT_ENDED = "not_ended"


class DiscardPreemptiveReply(msgspec.Struct, frozen=True):
    """Throw the pre-emptive reply in hand away: the caller has not said what it answers, or not only that."""

    cause: DiscardCause


class CancelReply(msgspec.Struct, frozen=True):
    """Cancel the model's stream, the synthesis and the interruptible tools of `turn`."""

    turn: int


class Say(msgspec.Struct, frozen=True, kw_only=True):
    """Speak one of the agent's own phrases: the `index`-th of its kind."""

    reply: int
    turn: int
    kind: UtteranceKind
    index: int = 0


SPOKEN = "[speech]"
"""What stands for the caller's words until they are known, where a model hears the caller itself."""


class CommitSpeech(msgspec.Struct, frozen=True):
    """Make the utterance that is over a turn of the caller, for a model that hears the caller itself."""

    is_answered: bool = True
    """Whether the speech is to be answered; False if only its words are wanted, from what may be an answering
    machine."""


class DiscardSpeech(msgspec.Struct, frozen=True):
    """Have a model that hears the caller itself forget the voice that is over: it was noise, or not meant for it."""

    may_be_recalled: bool = False
    """The voice may turn out to have been an answer."""


class RecallSpeech(msgspec.Struct, frozen=True):
    """Make the voice that was discarded last with `may_be_recalled` a turn of the caller: it was an answer."""


@final
class SetTimer(msgspec.Struct, frozen=True):
    """Start `timer` anew, to fire in `delay_s` seconds."""

    timer: Timer
    delay_s: float


@final
class CancelTimer(msgspec.Struct, frozen=True):
    """Make sure that `timer` does not fire."""

    timer: Timer


class NoteWords(msgspec.Struct, frozen=True):
    """Record what the caller said before the conversation began: nobody answers it but the greeting."""

    text: str


class ReportMachine(msgspec.Struct, frozen=True):
    """An answering machine has taken the call, to judge by `signs`: for the log and the counter."""

    signs: tuple[str, ...]


class ReportBackchannel(msgspec.Struct, frozen=True):
    """The caller has given a sign of listening into a reply, which goes on: for the counter."""


class ReportUnexpected(msgspec.Struct, frozen=True):
    """An event came that cannot happen in this state: a defect of the program, to be counted and logged, not obeyed."""

    event: str
    state: str


class End(msgspec.Struct, frozen=True):
    """End the session, for the reason `ending`."""

    ending: Ending


PlaybackOrder = PausePlayback | YieldPlayback | ResumePlayback | StopPlayback | EndAtSentence
"""What the synthesizer is ordered to do."""
RecognitionOrder = EndUtterance | ReopenRecognition
"""What the recognizer is ordered to do."""
SpeechOrder = CommitSpeech | DiscardSpeech | RecallSpeech
"""What is done with voice that a speech-to-speech model has heard; never ordered where a recognizer gives words."""
TurnReport = FloorChanged | TurnMeasured | ReportMachine | ReportBackchannel | ReportUnexpected
"""What is shown, logged or counted, and changes nothing."""
Effect = (
    PlaybackOrder
    | RecognitionOrder
    | SpeechOrder
    | TurnReport
    | StartReply
    | BeginPreemptiveReply
    | DiscardPreemptiveReply
    | CancelReply
    | Say
    | SetTimer
    | CancelTimer
    | NoteWords
    | End
)
