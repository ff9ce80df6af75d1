"""What the server and its synthesis process tell each other. Positions count characters of all text of a reply."""

import msgspec


class _Frame(msgspec.Struct, frozen=True, array_like=True, tag=True):
    stream: int


class OpenStream(_Frame, frozen=True):
    """A voice for `stream`. `rate` and `pitch` are relative to the voice's own."""

    name: str
    language: str
    rate: float
    pitch: float
    rate_hz: int


class WriteText(_Frame, frozen=True):
    """Speak `text` after what was written to `reply` before."""

    reply: int
    text: str


class FinishReply(_Frame, frozen=True):
    """No more text comes for `reply`."""

    reply: int


class CancelReply(_Frame, frozen=True):
    """Stop making `reply`; numbers are never used again."""

    reply: int


class CloseStream(_Frame, frozen=True):
    """Drop the session's stream `stream` and all its replies."""


class AreYouThere(_Frame, frozen=True):
    """Answered at once by `HereIAm`; the stream means nothing."""


Order = AreYouThere | OpenStream | WriteText | FinishReply | CancelReply | CloseStream


class EngineReady(_Frame, frozen=True):
    """The engine is loaded; the stream means nothing."""


class AudioMade(_Frame, frozen=True):
    """More audio of `reply`: PCM16LE mono at the stream's rate."""

    reply: int
    pcm: bytes


class WordMade(_Frame, frozen=True):
    """A word of `reply` begins at `audio_ms` of its audio."""

    reply: int
    text_start: int
    text_end: int
    audio_ms: float


class PieceMade(_Frame, frozen=True):
    """All audio of `reply` up to `text_end` was told; it ends at `audio_ms`."""

    reply: int
    text_end: int
    audio_ms: float


class ReplyMade(_Frame, frozen=True):
    """All audio of a finished reply was told."""

    reply: int


class HereIAm(_Frame, frozen=True):
    """The process takes orders; the stream means nothing."""


Told = HereIAm | EngineReady | AudioMade | WordMade | PieceMade | ReplyMade

orders = msgspec.msgpack.Decoder(Order)
tellings = msgspec.msgpack.Decoder(Told)
