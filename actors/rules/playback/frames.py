"""What playout tells: frames of audio to send, and how much of each reply has been heard."""

import msgspec

from actors.conversation import PositionPrecision, UtteranceKind


class Frame(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Audio to send now: exactly one frame, the last of a reply filled up with silence."""

    reply: int
    turn: int
    kind: UtteranceKind
    sequence: int
    """How many frames of the same reply were sent before this one."""
    audio_ms: float
    """Where in the reply's audio the frame begins, in ms."""
    pcm: bytes
    text_end: int
    """How many characters of the reply's text have begun to sound when this frame ends."""
    first: bool
    """Whether this is the first frame of the reply."""
    last: bool


class Hearing(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a reply the caller has heard: `audio_ms` of audio, the text up to `text_end`."""

    reply: int
    audio_ms: float
    text_end: int
    precision: PositionPrecision
    complete: bool


class Drained(msgspec.Struct, frozen=True):
    """All of a reply has been heard. It comes once for each reply that was not cleared before."""

    hearing: Hearing
