"""What a caller puts on its socket and finds there, as cheaply as it can be done: frames are made once, and read by
their first bytes. Knows nothing of the product."""

import base64
import os
import struct
from collections.abc import Iterator
from enum import Enum, auto

import msgspec

from tests.load.script import caller_silence, caller_voice

AUDIO_HEAD = b'{"Kind":"AudioData","AudioData":{"Data":"'
TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA


class Kind(Enum):
    """What a message of the server means to the caller."""

    AUDIO = auto()
    STOP = auto()
    OTHER = auto()


class Heard(msgspec.Struct, frozen=True):
    """A message of the server."""

    kind: Kind
    audio_bytes: int = 0


OTHER = Heard(Kind.OTHER)
STOP = Heard(Kind.STOP)


def masked(opcode: int, payload: bytes) -> bytes:
    """A client's frame, masked as clients must."""
    key = os.urandom(4)
    size = len(payload)
    head = bytes((0x80 | opcode, 0x80 | size)) if size < 126 else struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size)
    pad = key * (size // 4 + 1)
    body = int.from_bytes(payload, "big") ^ int.from_bytes(pad[:size], "big")
    return head + key + body.to_bytes(size, "big")


class Frames:
    """A server's bytes, cut into frames: opcode and payload."""

    def __init__(self) -> None:
        self._buffer = b""

    def push(self, received: bytes) -> Iterator[tuple[int, bytes]]:
        """The frames that are complete now."""
        data = self._buffer + received if self._buffer else received
        at = 0
        while len(data) - at >= 2:
            size, body = data[at + 1] & 0x7F, at + 2
            if size == 126:
                body += 2
                if len(data) < body:
                    break
                size = data[at + 2] << 8 | data[at + 3]
            elif size == 127:
                body += 8
                if len(data) < body:
                    break
                size = int.from_bytes(data[at + 2 : at + 10], "big")
            if len(data) < body + size:
                break
            yield data[at] & 0x0F, data[body : body + size]
            at = body + size
        self._buffer = data[at:]


class AcsWire:
    """The media socket, as ACS speaks it."""

    bytes_per_ms = 32
    lead_ms = 60

    def __init__(self) -> None:
        self.voice = [masked(TEXT, self.audio(pcm)) for pcm in caller_voice()]
        self.silence = masked(TEXT, self.audio(caller_silence()))
        metadata = {"subscriptionId": "sub", "encoding": "PCM", "sampleRate": 16_000, "channels": 1, "length": 640}
        self.first = masked(TEXT, msgspec.json.encode({"kind": "AudioMetadata", "audioMetadata": metadata}))
        self.headers: tuple[str, ...] = ()

    def path(self, number: int) -> str:
        """Where the call of this number is."""
        return f"/api/v1/media/stream?call_connection_id=load-{number}"

    def heard(self, opcode: int, payload: bytes) -> Heard:
        """What a message means."""
        if payload.startswith(AUDIO_HEAD):
            end = payload.index(b'"', len(AUDIO_HEAD))
            return Heard(Kind.AUDIO, (end - len(AUDIO_HEAD)) // 4 * 3 - payload.count(b"=", end - 2, end))
        return STOP if payload.startswith(b'{"Kind":"StopAudio"') else OTHER

    @staticmethod
    def audio(pcm: bytes) -> bytes:
        """The message for a frame of the caller's."""
        data = base64.b64encode(pcm).decode()
        audio = {
            "timestamp": "2026-11-21T10:00:00.000Z",
            "participantRawID": "8:acs:3d20e1de-0f28-41c5-84a0-dd00be1f7f20",
            "data": data,
            "silent": False,
        }
        return msgspec.json.encode({"kind": "AudioData", "audioData": audio})


class BrowserWire:
    """The conversation's socket, as a browser speaks it that asks for binary audio; it offers compression as all do."""

    bytes_per_ms = 32
    lead_ms = 300

    def __init__(self) -> None:
        self.voice = [masked(BINARY, pcm) for pcm in caller_voice()]
        self.silence = masked(BINARY, caller_silence())
        self.first = b""
        self.headers: tuple[str, ...] = ("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",)

    def path(self, number: int) -> str:
        """Where the conversation of this number is."""
        return f"/api/v1/realtime/conversation?session_id=load-{number}&encoding=binary&sample_rate=16000"

    def heard(self, opcode: int, payload: bytes) -> Heard:
        """What a message means."""
        if opcode == BINARY:
            return Heard(Kind.AUDIO, len(payload))
        return STOP if b'"tts_cancelled"' in payload[:80] else OTHER


Wire = AcsWire | BrowserWire
WIRES = ("acs", "browser")


def wire_of(name: str) -> Wire:
    """One of `WIRES`."""
    return AcsWire() if name == "acs" else BrowserWire()
