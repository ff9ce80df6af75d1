"""Frames of RFC 6455 between a server and a client, those that audio comes and goes in: whole messages of up to 64 kB,
unfragmented, without extensions. All others are for a complete implementation: this one only tells that it met one.
"""

from typing import Final

import msgspec

LARGEST_BYTES: Final = 0xFFFF
"""The largest payload of an ordinary frame."""
LARGEST_CONTROL_BYTES: Final = 125

TEXT: Final = 0x81
BINARY: Final = 0x82
PING: Final = 0x89
PONG: Final = 0x8A
"""First bytes: what the frame is, and that it is the message's last and uses no extension."""

_MASKED = 0x80
_SIZE_FOLLOWS = 126
"""In place of a size: it is in the next two bytes. (127 says eight bytes.)"""
_ORDINARY = {TEXT: _SIZE_FOLLOWS, BINARY: _SIZE_FOLLOWS, PING: LARGEST_CONTROL_BYTES, PONG: LARGEST_CONTROL_BYTES}
"""The largest size that an ordinary frame has in its second byte."""
_XOR = tuple(bytes(byte ^ key for byte in range(256)) for key in range(256))


class Ping(msgspec.Struct, frozen=True):
    """To be answered by a pong with the same payload."""

    payload: bytes


def server_frame(first_byte: int, payload: bytes) -> bytes:
    """A frame to a client.

    Raises:
        ValueError: the payload is larger than `LARGEST_BYTES`.
    """
    size = len(payload)
    if size < _SIZE_FOLLOWS:
        return b"%c%c%b" % (first_byte, size, payload)
    if size > LARGEST_BYTES:
        raise ValueError(f"a payload of {size} bytes, at most {LARGEST_BYTES}")
    return b"%c%c%c%c%b" % (first_byte, _SIZE_FOLLOWS, size >> 8, size & 0xFF, payload)


def client_messages(data: bytes) -> tuple[list[str | bytes | Ping], int, bool]:
    """What a client says in the frames that `data` begins with; pongs say nothing.

    Returns:
        The messages, how many bytes they took, and whether what follows may still become an ordinary frame.
    """
    said: list[str | bytes | Ping] = []
    at, end = 0, len(data)
    while end - at >= 2:
        first_byte, size, begin = data[at], data[at + 1] - _MASKED, at + 6
        # Clients mask what they send; an unmasked size is below 0 here.
        if not 0 <= size <= _ORDINARY.get(first_byte, -1):
            return said, at, False
        if size == _SIZE_FOLLOWS:
            if end - at < 4:
                break
            size, begin = data[at + 2] << 8 | data[at + 3], at + 8
            if size < _SIZE_FOLLOWS:
                return said, at, False
        if end < begin + size:
            break
        if first_byte != PONG:
            try:
                said.append(_message(first_byte, _unmasked(data[begin - 4 : begin], data[begin : begin + size])))
            except UnicodeDecodeError:
                return said, at, False
        at = begin + size
    return said, at, True


def _message(first_byte: int, payload: bytearray) -> str | bytes | Ping:
    if first_byte == TEXT:
        return payload.decode()
    return bytes(payload) if first_byte == BINARY else Ping(bytes(payload))


def _unmasked(key: bytes, payload: bytes) -> bytearray:
    clear = bytearray(payload)
    for place, byte in enumerate(key):
        clear[place::4] = clear[place::4].translate(_XOR[byte])
    return clear
