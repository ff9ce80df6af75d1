"""Messages in a pipe between two processes of ours: a length of four bytes, little-endian, then MessagePack."""

import struct
from typing import Generic, TypeVar

import msgspec

M = TypeVar("M")

_LENGTH = struct.Struct("<I")
_encoder = msgspec.msgpack.Encoder()


def packed(message: msgspec.Struct) -> bytes:
    """One message as it goes into the pipe."""
    body = _encoder.encode(message)
    return _LENGTH.pack(len(body)) + body


class Unpacked(Generic[M]):
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
