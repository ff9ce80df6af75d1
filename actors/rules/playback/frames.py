"""What playout tells besides frames of audio to send: how much of each reply has been heard."""

import msgspec

from actors.conversation import PositionPrecision


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
