"""What the server and its recognition workers write into each other's pipes: a length of four bytes, MessagePack."""

import struct
from typing import Generic, TypeVar

import msgspec

from actors.errors import ErrorKind

M = TypeVar("M")

_LENGTH = struct.Struct("<I")


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


Order = Prepare | Open | Audio | Finish | Close


class Prepared(_Frame, frozen=True):
    """A vocabulary is ready."""

    vocabulary: str


class Opened(_Frame, frozen=True):
    """A stream is being listened to."""

    stream: int


class Guessed(_Frame, frozen=True):
    """An utterance so far."""

    stream: int
    text: str
    start_ms: int
    end_ms: int


class Concluded(_Frame, frozen=True):
    """A finished utterance."""

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


Told = Prepared | Opened | Guessed | Concluded | NothingHeard | StreamFailed

_encoder = msgspec.msgpack.Encoder()


def pack(message: Order | Told) -> bytes:
    """One message as it goes into the pipe."""
    body = _encoder.encode(message)
    return _LENGTH.pack(len(body)) + body


class Unpacking(Generic[M]):
    """Bytes from a pipe, cut into messages."""

    def __init__(self, decoder: msgspec.msgpack.Decoder[M]) -> None:
        self._decoder = decoder
        self._rest = bytearray()

    def take(self, piece: bytes) -> list[M]:
        """All messages completed by `piece`."""
        self._rest += piece
        messages: list[M] = []
        at = 0
        while len(self._rest) - at >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._rest, at)
            end = at + _LENGTH.size + length
            if end > len(self._rest):
                break
            messages.append(self._decoder.decode(self._rest[at + _LENGTH.size : end]))
            at = end
        del self._rest[:at]
        return messages


orders = msgspec.msgpack.Decoder(Order)
tellings = msgspec.msgpack.Decoder(Told)
