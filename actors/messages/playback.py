"""Playback: the orders to the synthesizer, and its reports of what was heard."""

from enum import StrEnum
from typing import ClassVar, final

import msgspec

from actors.conversation import PositionPrecision, UtteranceKind
from actors.errors import ErrorKind
from actors.messages.base import Message


class StopReason(StrEnum):
    """Why playback is silenced before it has come to its end."""

    BARGE_IN = "barge_in"
    HANG_UP = "hang_up"
    SUPERSEDED = "superseded"  # by our own last words


class BeginReply(Message, frozen=True):
    """Text of `reply` follows. Its audio is played after all that is queued already."""

    traced: ClassVar[bool] = True
    transient: ClassVar[bool] = True
    reply: int
    turn: int
    kind: UtteranceKind


class SpeakText(Message, frozen=True):
    """Speak the next text of `reply`, a piece that can be spoken by itself."""

    transient: ClassVar[bool] = True

    reply: int
    text: str


class PrepareText(Message, frozen=True, kw_only=True):
    """Have the audio made of `text`, which is probably the next of `reply`, and play nothing of it as yet.

    `SpeakText` with the same text has it played; `DiscardText` has it thrown away, and so has whatever ends the reply.
    """

    transient: ClassVar[bool] = True

    reply: int
    turn: int
    kind: UtteranceKind
    text: str


class DiscardText(Message, frozen=True):
    """Throw away the audio of the text that was prepared last, if it was not spoken: it will not be."""

    transient: ClassVar[bool] = True


class HoldAudio(Message, frozen=True):
    """Play nothing of the audio of `reply` that is behind its text up to `text_end`; None: play all of it."""

    transient: ClassVar[bool] = True

    reply: int
    text_end: int | None


class PlayAudio(Message, frozen=True):
    """Play the next audio of `reply`, PCM16LE mono at the connection's rate, which its model has spoken by itself."""

    transient: ClassVar[bool] = True

    reply: int
    pcm: bytes


class TextPlaced(Message, frozen=True, kw_only=True):
    """The text of `reply` up to `text_end` ends at about `audio_ms` of the audio that its model speaks.

    An estimate stands until the next one, or until the place is known.
    """

    transient: ClassVar[bool] = True

    reply: int
    text_end: int
    audio_ms: float
    is_estimate: bool


class WordPlaced(Message, frozen=True, kw_only=True):
    """The word of `reply` from `text_start` to `text_end` begins at `audio_ms` of the audio that its model speaks."""

    transient: ClassVar[bool] = True

    reply: int
    text_start: int
    text_end: int
    audio_ms: float


class FinishReply(Message, frozen=True):
    """All text of `reply` has been told; nothing more will be added to it."""

    transient: ClassVar[bool] = True

    reply: int


class PausePlayback(Message, frozen=True):
    """Stop sending audio, and keep all that was not heard."""

    repeatable: ClassVar[bool] = True
    urgent: ClassVar[bool] = True


class ResumePlayback(Message, frozen=True):
    """Go on with playback where it was paused or silenced by `YieldPlayback`."""

    repeatable: ClassVar[bool] = True
    urgent: ClassVar[bool] = True


class YieldPlayback(Message, frozen=True):
    """Silence playback at once, on the wire too, and keep what was not heard: `ResumePlayback` goes on with it."""

    repeatable: ClassVar[bool] = True
    urgent: ClassVar[bool] = True

    turn: int
    reason: StopReason


class PlaybackYielded(Message, frozen=True):
    """Playback is silent as `YieldPlayback` ordered; nothing is forgotten."""


class EndAtSentence(Message, frozen=True):
    """End the reply of `turn` with the sentence that is being heard; what follows it is forgotten."""

    repeatable: ClassVar[bool] = True
    urgent: ClassVar[bool] = True

    turn: int


class StopPlayback(Message, frozen=True):
    """Silence playback at once, and forget all replies up to number `through_reply`; answered by `PlaybackStopped`."""

    repeatable: ClassVar[bool] = True
    urgent: ClassVar[bool] = True

    turn: int
    through_reply: int
    reason: StopReason


class PlaybackStarted(Message, frozen=True):
    """A frame of `reply` was sent to the connection: the first one, or the first after `PlaybackCaughtUp`."""

    repeatable: ClassVar[bool] = True

    reply: int


class PlaybackCaughtUp(Message, frozen=True):
    """All that was written of `reply` has been heard, and more is to be written."""

    repeatable: ClassVar[bool] = True

    reply: int


class PlaybackFinished(Message, frozen=True, kw_only=True):
    """The playback of `reply` is over: `heard_ms` of audio and its text up to `text_end` characters were heard."""

    reply: int
    precision: PositionPrecision
    heard_ms: float
    text_end: int


class PlaybackStopped(Message, frozen=True):
    """Playback is silent, as `StopPlayback` ordered. `cut`: what was heard of each reply that it ended."""

    repeatable: ClassVar[bool] = True

    through_reply: int
    cut: tuple["PlaybackPosition", ...]


class PlaybackPosition(msgspec.Struct, frozen=True, kw_only=True):
    """How much of `reply` the caller has heard: `heard_ms` of its audio, its text up to `text_end` characters."""

    reply: int
    text_end: int
    heard_ms: float
    precision: PositionPrecision


class PlaybackFailed(Message, frozen=True):
    """The synthesizer cannot speak `reply`, or no more of it. `cut`: what was heard of it."""

    repeatable: ClassVar[bool] = True

    reply: int
    kind: ErrorKind
    cut: PlaybackPosition


@final
class PlayClockTicked(Message, frozen=True, gc=False):
    """The play clock ticks: it is time to send frames. `at_ms` is the time on the event loop's clock."""

    routine: ClassVar[bool] = True
    transient: ClassVar[bool] = True

    at_ms: float


class ProgressChecked(Message, frozen=True):
    """It is time to look whether the synthesizer's engine still makes the audio that it owes."""

    transient: ClassVar[bool] = True
