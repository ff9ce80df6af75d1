"""What the server and its recognition workers write into each other's pipes: a length of four bytes, MessagePack."""

import msgspec

from actors.errors import ErrorKind


class _Frame(msgspec.Struct, frozen=True, array_like=True, tag=True):
    pass


class Prepare(_Frame, frozen=True):
    """Make the vocabulary of `phrases` and call it `vocabulary`."""

    vocabulary: str
    phrases: tuple[str, ...]


class Open(_Frame, frozen=True):
    """Begin `stream` of audio at `rate_hz`, in a vocabulary that was prepared."""

    stream: int
    vocabulary: str
    rate_hz: int


class Audio(_Frame, frozen=True):
    """More audio of a stream, PCM16LE mono."""

    stream: int
    pcm: bytes


class Finish(_Frame, frozen=True):
    """An utterance is over; exactly one `Concluded` or `NothingHeard` answers."""

    stream: int


class Close(_Frame, frozen=True):
    """A stream is over; nothing more is told of it."""

    stream: int


class AreYouThere(_Frame, frozen=True):
    """Answered at once by `HereIAm`."""


Order = AreYouThere | Prepare | Open | Audio | Finish | Close


class Prepared(_Frame, frozen=True):
    """The worker has a vocabulary ready for streams."""

    vocabulary: str


class Opened(_Frame, frozen=True):
    """A stream is being listened to."""

    stream: int


class Guessed(_Frame, frozen=True):
    """The interim transcript of an utterance that goes on."""

    stream: int
    text: str
    start_ms: int
    end_ms: int


class Concluded(_Frame, frozen=True):
    """The final transcript of an utterance that is over."""

    stream: int
    text: str
    start_ms: int
    end_ms: int
    confidence: float


class NothingHeard(_Frame, frozen=True):
    """A finished utterance that had no words."""

    stream: int
    end_ms: int


class StreamFailed(_Frame, frozen=True):
    """A stream ended on its own."""

    stream: int
    kind: ErrorKind
    detail: str


class HereIAm(_Frame, frozen=True):
    """The worker process has started and takes orders."""


Told = HereIAm | Prepared | Opened | Guessed | Concluded | NothingHeard | StreamFailed

orders = msgspec.msgpack.Decoder(Order)
tellings = msgspec.msgpack.Decoder(Told)
