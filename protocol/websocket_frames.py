"""Frames of RFC 6455 between a server and a client, those that audio comes and goes in: whole messages of up to 64 kB,
unfragmented, without extensions. All others are for a complete implementation: this one only tells that it met one.
"""

from struct import Struct
from typing import Final

import msgspec

try:
    from websockets.speedups import apply_mask
except ImportError:  # pragma: no cover - no wheel for this machine, nor a compiler
    from websockets.utils import apply_mask

LARGEST_BYTES: Final = 0xFFFF
"""The largest payload in bytes of a frame that this module handles."""
LARGEST_CONTROL_BYTES: Final = 125

TEXT: Final = 0x81
BINARY: Final = 0x82
PING: Final = 0x89
PONG: Final = 0x8A
"""The first byte of a frame that is the only one of its message and uses no extension: FIN bit and opcode (RFC
6455)."""

NOT_ORDINARY: Final = -1
"""Returned in place of the position of the next frame: this frame is left to a complete implementation of
WebSockets."""

_MESSAGES = (TEXT, BINARY)
_MASKED = 0x80
_SIZE_FOLLOWS = 126
"""The value of the seven length bits that says that the length is in the next two bytes."""
_LONG_SIZE_FOLLOWS = 127
"""The value of the seven length bits that says that the length is in the next eight bytes."""
_MASKED_LONG = _MASKED | _SIZE_FOLLOWS
_LONG_HEAD_BYTES = 8
"""The bytes before the payload of a client's frame with a two-byte length: flags, length bits, length and
masking key."""
_long_head, _read_long_head = Struct("!BBH").pack, Struct("!BBH").unpack_from
"""Write and read the head of a frame with a two-byte length. A frame of audio has one, 50 times a second for each
caller, and a compiled Struct takes half the time."""
_ORDINARY = {TEXT: _SIZE_FOLLOWS, BINARY: _SIZE_FOLLOWS, PING: LARGEST_CONTROL_BYTES, PONG: LARGEST_CONTROL_BYTES}
"""The largest value of the seven length bits that this module handles, by the first byte of the frame."""


class Ping(msgspec.Struct, frozen=True):
    """A ping, which wants a pong with the same payload."""

    payload: bytes


def server_frame(first_byte: int, payload: bytes) -> bytes:
    """Write a frame to a client.

    Raises:
        ValueError: the payload is larger than `LARGEST_BYTES`.
    """
    size = len(payload)
    if size < _SIZE_FOLLOWS:
        return b"%c%c%b" % (first_byte, size, payload)
    if size > LARGEST_BYTES:
        raise ValueError(f"a payload of {size} bytes, at most {LARGEST_BYTES}")
    return _long_head(first_byte, _SIZE_FOLLOWS, size) + payload


def whole_message(data: bytes) -> str | bytes | None:
    """What a client says in `data` if that is one frame of 126 bytes or more and nothing else, as a frame of audio is.

    None for whatever else it may be: `client_message` tells that apart.
    """
    size = len(data) - _LONG_HEAD_BYTES
    if size < _SIZE_FOLLOWS:
        return None
    first_byte, masked, told = _read_long_head(data)
    if masked != _MASKED_LONG or told != size or first_byte not in _MESSAGES:
        return None
    payload = apply_mask(data[_LONG_HEAD_BYTES:], data[4:_LONG_HEAD_BYTES])
    if first_byte == BINARY:
        return payload
    try:
        return payload.decode()
    except UnicodeDecodeError:
        return None


def client_message(data: bytes, at: int) -> tuple[str | bytes | Ping | None, int]:
    """What a client says in the frame that begins at `at`; a pong says nothing.

    Returns:
        The message, and where the next frame begins: at `at` itself while this one is not all there, `NOT_ORDINARY`
        where it is for a complete implementation.
    """
    end = len(data)
    if end - at < 2:
        return None, at
    first_byte, size, begin = data[at], data[at + 1] - _MASKED, at + 6
    # Clients mask what they send; an unmasked size is below 0 here.
    if not 0 <= size <= _ORDINARY.get(first_byte, -1):
        return None, NOT_ORDINARY
    if size == _SIZE_FOLLOWS:
        if end - at < 4:
            return None, at
        size, begin = data[at + 2] << 8 | data[at + 3], at + 8
        if size < _SIZE_FOLLOWS:
            return None, NOT_ORDINARY
    if end < begin + size:
        return None, at
    if first_byte == PONG:
        return None, begin + size
    return _said(first_byte, data, begin, begin + size)


def _said(first_byte: int, data: bytes, begin: int, after: int) -> tuple[str | bytes | Ping | None, int]:
    payload = apply_mask(data[begin:after], data[begin - 4 : begin])
    if first_byte == TEXT:
        try:
            return payload.decode(), after
        except UnicodeDecodeError:
            return None, NOT_ORDINARY
    return (payload if first_byte == BINARY else Ping(payload)), after


class FrameCount:
    """How many frames begin in what a client sends, whatever they are; reads their sizes and nothing else."""

    __slots__ = ("_head", "_skip")

    def __init__(self) -> None:
        self._head = b""
        self._skip = 0

    def push(self, data: bytes, most: int) -> tuple[int, int]:
        """Count on, up to where the frame after `most` more begins.

        Returns:
            The frames whose head is complete now, and how many bytes of `data` were looked at.
        """
        held, frames, at = len(self._head), 0, self._skip
        data, self._head = self._head + data, b""
        while at < len(data) and frames < most:
            size, head = _frame_size(data, at)
            if size < 0:
                self._head, at = data[at:], len(data)
                break
            frames, at = frames + 1, at + head + size
        end = min(at, len(data))
        self._skip = at - end
        return frames, end - held


def _frame_size(data: bytes, at: int) -> tuple[int, int]:
    """The sizes of the payload and of the head of the frame at `at`; the first below 0 while they are not known."""
    if len(data) - at < 2:
        return -1, 0
    size, mask = data[at + 1] & 0x7F, 4 if data[at + 1] & _MASKED else 0
    more = {_SIZE_FOLLOWS: 2, _LONG_SIZE_FOLLOWS: 8}.get(size, 0)
    if not more:
        return size, 2 + mask
    if len(data) - at < 2 + more:
        return -1, 0
    return int.from_bytes(data[at + 2 : at + 2 + more]), 2 + more + mask
