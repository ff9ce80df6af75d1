"""What is to be heard: orders to the synthesizer, and its reports of what was."""

from enum import StrEnum
from typing import ClassVar

import msgspec

from actors.conversation import PositionPrecision, UtteranceKind
from actors.errors import ErrorKind
from actors.messages.base import Message


class StopReason(StrEnum):
    """Why playback is stopped."""

    BARGE_IN = "barge_in"
    HANG_UP = "hang_up"
    SUPERSEDED = "superseded"  # by our own last words


class BeginReply(Message, frozen=True):
    """Text for `reply` follows; audio plays after what is already queued."""

    traced: ClassVar[bool] = True
    transient: ClassVar[bool] = True
    reply: int
    turn: int
    kind: UtteranceKind


class SpeakText(Message, frozen=True):
    """The next text of `reply`, a speakable piece."""

    transient: ClassVar[bool] = True

    reply: int
    text: str


class FinishReply(Message, frozen=True):
    """`reply` has all its text."""

    transient: ClassVar[bool] = True

    reply: int


class PausePlayback(Message, frozen=True):
    """Stop sending, lose nothing."""

    urgent: ClassVar[bool] = True


class ResumePlayback(Message, frozen=True):
    """Go on where it paused."""

    urgent: ClassVar[bool] = True


class YieldPlayback(Message, frozen=True):
    """Silence playback at once, on the wire too, and keep what was not heard: `ResumePlayback` goes on with it."""

    urgent: ClassVar[bool] = True
    turn: int
    reason: StopReason


class PlaybackYielded(Message, frozen=True):
    """Playback is silent as `YieldPlayback` ordered; nothing is forgotten."""


class EndAtSentence(Message, frozen=True):
    """End the reply of `turn` with the sentence that is being heard; what follows it is forgotten."""

    urgent: ClassVar[bool] = True
    turn: int


class StopPlayback(Message, frozen=True):
    """Silence, at once, and forget all replies up to number `through_reply`."""

    urgent: ClassVar[bool] = True
    turn: int
    through_reply: int
    reason: StopReason


class PlaybackStarted(Message, frozen=True):
    """The first frame of `reply` was sent."""

    reply: int


class PlaybackFinished(Message, frozen=True):
    """All of `reply` was heard."""

    reply: int
    precision: PositionPrecision
    heard_ms: float


class PlaybackStopped(Message, frozen=True):
    """Playout is silent; what was heard of each reply that was cut."""

    through_reply: int
    cut: tuple["PlaybackPosition", ...]


class PlaybackPosition(msgspec.Struct, frozen=True):
    """How much of `reply` was heard: its text up to `text_end` characters."""

    reply: int
    text_end: int
    heard_ms: float
    precision: PositionPrecision


class PlaybackFailed(Message, frozen=True):
    """`reply` could not be spoken (further)."""

    reply: int
    kind: ErrorKind
    cut: PlaybackPosition


class PlayClockTicked(Message, frozen=True):
    """The play clock: `at_ms` of the loop's time."""

    routine: ClassVar[bool] = True
    transient: ClassVar[bool] = True

    at_ms: float


class ProgressChecked(Message, frozen=True):
    """Time to see whether the engine still does what it owes."""

    transient: ClassVar[bool] = True
