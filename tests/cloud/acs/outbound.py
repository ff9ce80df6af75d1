"""What the application may send on the media socket, read as strictly as Microsoft documents it."""

import base64
import binascii
import json
from typing import Any

import msgspec

MAX_BYTES = 64 * 1024
"""The documented limit of one message."""


class ProtocolViolation(Exception):
    """The application sent what it must not send; says what."""


class Audio(msgspec.Struct, frozen=True):
    """PCM to play."""

    pcm: bytes


class StopAudio(msgspec.Struct, frozen=True):
    """Drop what is queued."""


DOCUMENTED = {"Kind", "AudioData", "StopAudio"}
AUDIO_KEYS = {"Data", "Timestamp", "Participant", "IsSilent"}
"""The last three are what the .NET client adds."""


def read_outbound(text: str, *, lenient: bool = False) -> Audio | StopAudio:
    """One message. `lenient`: keys in any case, as the service itself seems to take them.

    Raises:
        ProtocolViolation: it is not one of the two documented messages.
    """
    if len(text) > MAX_BYTES:
        raise ProtocolViolation(f"a message of {len(text)} bytes, {MAX_BYTES} allowed")
    try:
        message = json.loads(text)
    except ValueError as error:
        raise ProtocolViolation(f"not JSON: {error}") from None
    if lenient:
        message = _pascal(message)
    if not isinstance(message, dict) or not set(message) <= DOCUMENTED:
        raise ProtocolViolation(f"not an object with the keys {', '.join(sorted(DOCUMENTED))}: {_outline(message)}")
    match message.get("Kind"):
        case "AudioData":
            _check_absent(message, "StopAudio")
            return Audio(_pcm(message.get("AudioData")))
        case "StopAudio":
            _check_absent(message, "AudioData")
            if not isinstance(message.get("StopAudio"), dict):
                raise ProtocolViolation("StopAudio must be an object")
            return StopAudio()
        case kind:
            raise ProtocolViolation(f"Kind must be AudioData or StopAudio, not {kind!r}")


def _pcm(audio: Any) -> bytes:
    if not isinstance(audio, dict) or not isinstance(audio.get("Data"), str) or not set(audio) <= AUDIO_KEYS:
        raise ProtocolViolation(f"AudioData must be an object with Data as text: {_outline(audio)}")
    try:
        pcm = base64.b64decode(audio["Data"], validate=True)
    except binascii.Error as error:
        raise ProtocolViolation(f"Data is not base64: {error}") from None
    if not pcm or len(pcm) % 2:
        raise ProtocolViolation(f"Data holds {len(pcm)} bytes, not whole samples")
    return pcm


def _check_absent(message: dict[str, Any], key: str) -> None:
    if message.get(key) is not None:
        raise ProtocolViolation(f"{key} must be null in a message of another Kind")


def _pascal(value: Any) -> Any:
    if isinstance(value, dict):
        return {f"{key[:1].upper()}{key[1:]}": _pascal(inner) for key, inner in value.items()}
    return value


def _outline(value: Any) -> str:
    """The shape of `value` without what is in it."""
    return f"keys {sorted(map(str, value))}" if isinstance(value, dict) else type(value).__name__
