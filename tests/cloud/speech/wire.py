"""The SDK's framing on a WebSocket: `Name:value` lines, a blank line, a body; in binary frames their length first."""

import json
import struct
from typing import Any

import msgspec

TICKS_PER_MS = 10_000


class WireError(ValueError):
    """A frame that is none; the text says what is wrong."""


class Frame(msgspec.Struct, frozen=True):
    """One frame of a client. Header names are in lower case."""

    headers: dict[str, str]
    body: str | bytes

    @property
    def path(self) -> str:
        """What it is about, in lower case."""
        return self.headers["path"].lower()

    @property
    def request_id(self) -> str:
        """Of the turn; empty outside of turns."""
        return self.headers.get("x-requestid", "")

    @property
    def stream_id(self) -> str:
        """Of audio."""
        return self.headers.get("x-streamid", "")

    def json(self) -> dict[str, Any]:
        """The body.

        Raises:
            WireError: it is no JSON object.
        """
        try:
            body = json.loads(self.body)
        except ValueError as error:
            raise WireError(f"{self.path}: the body is no JSON: {error}") from None
        if not isinstance(body, dict):
            raise WireError(f"{self.path}: the body must be a JSON object")
        return body


def parse(raw: str | bytes) -> Frame:
    """A text or binary frame.

    Raises:
        WireError: it has no headers, or no path.
    """
    if isinstance(raw, str):
        head, blank, text = raw.partition("\r\n\r\n")
        if not blank:
            raise WireError("no blank line after the headers")
        return Frame(_headers(head), text)
    if len(raw) < 2 or len(raw) < 2 + (length := int.from_bytes(raw[:2], "big")):
        raise WireError("a binary frame shorter than its headers")
    return Frame(_headers(raw[2 : 2 + length].decode("ascii", "replace").strip()), raw[2 + length :])


def text_frame(path: str, request_id: str, body: object) -> str:
    """A message of the service with a JSON body."""
    head = f"X-RequestId:{request_id}\r\nContent-Type:application/json; charset=utf-8\r\nPath:{path}\r\n\r\n"
    return head + json.dumps(body)


def audio_frame(request_id: str, stream_id: str, pcm: bytes) -> bytes:
    """Audio of the service; empty at its end."""
    head = f"X-RequestId:{request_id}\r\nContent-Type:audio/x-wav\r\nX-StreamId:{stream_id}\r\nPath:audio\r\n".encode()
    return struct.pack(">H", len(head)) + head + pcm


def ticks(ms: float) -> int:
    """Units of 100 ns."""
    return round(ms * TICKS_PER_MS)


def wave_header(raw: bytes) -> tuple[int, int]:
    """Rate in Hz and length in bytes of the RIFF header that a client's audio begins with.

    Raises:
        WireError: it is not that of 16 bit mono PCM.
    """
    if raw[8:12] != b"WAVE":
        raise WireError("audio begins with a RIFF header that is not of a WAVE file")
    position, rate_hz = 12, 0
    while position + 8 <= len(raw):
        name, size = raw[position : position + 4], int.from_bytes(raw[position + 4 : position + 8], "little")
        position += 8
        if name == b"fmt ":
            kind, channels, rate_hz = struct.unpack_from("<HHI", raw, position)
            (bits,) = struct.unpack_from("<H", raw, position + 14)
            if (kind, channels, bits) != (1, 1, 16):
                raise WireError(
                    f"audio must be PCM, mono, 16 bit; it is format {kind}, {channels} channels, {bits} bit"
                )
        elif name == b"data":
            break
        position += size
    if not rate_hz:
        raise WireError("audio begins with a RIFF header without a format")
    return rate_hz, position


def _headers(head: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in head.split("\r\n"))
    headers = {name.strip().lower(): value.strip() for name, colon, value in pairs if colon}
    if "path" not in headers:
        raise WireError("no Path header")
    return headers
