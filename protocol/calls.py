"""Requests and answers of the REST API about calls and media sessions, one Struct each.

`request_decoding.py` reads the requests.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
from msgspec.structs import force_setattr

from protocol.phone_numbers import CallTarget, PhoneNumber, is_call_target, is_e164

STREAMING_MODES = ("media", "voice_live", "transcription")

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
ShortText = Annotated[str, msgspec.Meta(max_length=512)]

E164_EXPECTED = "expected a phone number in E.164 format, like +12025550123"
TARGET_EXPECTED = f"{E164_EXPECTED}, or an id such as 8:acs:..., 8:orgid:... or 28:..."


def _check_number(field: str, number: str | None) -> None:
    if number is not None and not is_e164(number):
        raise ValueError(f"{field}: {E164_EXPECTED}")


class CallState(StrEnum):
    """The state of a call, from the order to place it until its end."""

    INITIATING = "initiating"
    RINGING = "ringing"
    CONNECTED = "connected"
    ON_HOLD = "on_hold"
    DISCONNECTED = "disconnected"
    FAILED = "failed"


# placing


class InitiateCall(msgspec.Struct, frozen=True, kw_only=True):
    """The request to place a call to `target_number`; `caller_id` is the number to call from.

    `context`, `caller_name` (of the person who is called) and `language` (one of the agent's) are passed to the agent.
    `streaming_mode` is read without regard to case and kept in lower case.
    """

    target_number: PhoneNumber
    caller_id: PhoneNumber | None = None
    context: dict[str, Any] | None = None
    streaming_mode: str | None = None
    agent: ShortText | None = None
    caller_name: Annotated[str, msgspec.Meta(max_length=128)] | None = None
    language: Annotated[str, msgspec.Meta(max_length=35)] | None = None

    def __post_init__(self) -> None:
        _check_number("target_number", self.target_number)
        _check_number("caller_id", self.caller_id)
        if self.streaming_mode is None:
            return
        mode = self.streaming_mode.lower()
        if mode not in STREAMING_MODES:
            raise ValueError(f"streaming_mode: expected one of {', '.join(STREAMING_MODES)}")
        force_setattr(self, "streaming_mode", mode)

    @property
    def browser_session_id(self) -> str | None:
        """The id of the browser session from which the call was requested, in `context`; None if there is none."""
        session_id = (self.context or {}).get("browser_session_id")
        return session_id if isinstance(session_id, str) and session_id else None


class InitiatedCall(msgspec.Struct, frozen=True, kw_only=True):
    """The answer that a call is being placed. `call_id` is ACS's call connection id, `initiated_at` is ISO 8601."""

    call_id: str
    target_number: str
    message: str
    session_id: str
    streaming_mode: str
    initiated_at: str
    status: Literal["initiating"] = "initiating"


# looking


class Participant(msgspec.Struct, frozen=True, kw_only=True):
    """A participant of a call. `id` is the network's id; `role` is person for the caller, else other."""

    id: str
    phone_number: str | None
    role: str
    status: str


class CallEvent(msgspec.Struct, frozen=True):
    """Something that has happened to a call; `timestamp` is ISO 8601."""

    type: str
    timestamp: str
    details: dict[str, Any] = {}


class CallStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A call that is live or has ended recently. `duration` is in seconds, and null before the call is connected."""

    call_id: str
    status: CallState
    duration: float | None
    participants: tuple[Participant, ...] = ()
    events: tuple[CallEvent, ...] = ()


class CallList(msgspec.Struct, frozen=True, kw_only=True):
    """One page of the calls of all workers, newest first; `total` counts the calls of all pages.

    `missing` says which calls could not be asked for and why; it is left out if none are missing.
    """

    calls: tuple[CallStatus, ...]
    total: int
    page: int
    limit: int
    missing: str | msgspec.UnsetType = msgspec.UNSET


class CallsQuery(msgspec.Struct, frozen=True):
    """The query of a request for calls. Pages count from 1, `limit` is the number of calls on a page."""

    page: int = 1
    limit: int = 10
    status_filter: CallState | None = None


# ending and passing on


class TerminateCall(msgspec.Struct, frozen=True):
    """The request to hang up a call."""

    call_id: Id
    session_id: ShortText | None = None
    reason: ShortText | None = None


class TerminatedCall(msgspec.Struct, frozen=True):
    """The answer that a call has been hung up."""

    call_id: str
    message: str
    status: Literal["terminated"] = "terminated"


class TransferCall(msgspec.Struct, frozen=True):
    """The request to transfer the caller to a telephone number, or to a user or an application of ACS or Teams."""

    target: CallTarget
    context: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        if not is_call_target(self.target):
            raise ValueError(f"target: {TARGET_EXPECTED}")


class HeldCall(msgspec.Struct, frozen=True):
    """The answer that the caller has been put on hold, or taken off hold."""

    call_id: str
    status: Literal["on_hold", "connected"]


class TransferringCall(msgspec.Struct, frozen=True):
    """The answer that the network was asked to transfer a call; the outcome is told by an event of the call."""

    call_id: str
    status: Literal["transferring"] = "transferring"


# what ACS and Event Grid are answered


class ValidationAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """The answer to Event Grid's validation request, without which Event Grid sends no events to an address."""

    validation_response: str


class AnsweredCall(msgspec.Struct, frozen=True, kw_only=True):
    """The answer that an incoming call was answered; `answered_at` is ISO 8601."""

    call_connection_id: str
    caller_id: str
    answered_at: str
    status: Literal["call answered"] = "call answered"


class NoEvents(msgspec.Struct, frozen=True):
    """The delivery of Event Grid held no event that concerns this server."""

    status: Literal["no events processed"] = "no events processed"


class CallbacksAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a delivery of callbacks: how many of its events were processed, and how many have failed."""

    processed_events: int
    failed_events: int
    call_connection_id: str | None
    status: Literal["success"] = "success"
    processing_system: str = "earshot"


# media


class MediaFeatures(msgspec.Struct, frozen=True, kw_only=True):
    """The capabilities of the media socket, for clients that ask for them."""

    real_time_audio: bool = True
    transcription: bool = True
    orchestrator_support: bool = True
    session_management: bool = True


class MediaStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The path of the media socket, its capabilities, and what this worker has counted on it."""

    streaming_mode: str
    status: str = "available"
    websocket_endpoint: str = "/api/v1/media/stream"
    protocols_supported: tuple[str, ...] = ("WebSocket",)
    features: MediaFeatures = MediaFeatures()
    version: str = "v1"
    calls: int = 0
    """Calls that are not over"""
    unknown_events: int = 0
    """Events and messages of unknown types, since the worker's start"""
    ignored_messages: int = 0
    defective_messages: int = 0
    """Defective messages on media sockets, repaired as far as possible, since the worker's start"""


class MediaSessionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The request to prepare a media session for a call; `sample_rate` is in Hz, `chunk_size` in bytes."""

    call_connection_id: Id
    sample_rate: Literal[16000, 24000] = 16000
    channels: Literal[1] = 1
    audio_format: Literal["pcm_16"] = "pcm_16"
    chunk_size: Annotated[int, msgspec.Meta(ge=2, le=64_000)] = 1024
    enable_transcription: bool = True
    enable_vad: bool = True


class MediaConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration that was asked for when a media session was prepared; units as in `MediaSessionRequest`."""

    sample_rate: int = 16000
    channels: int = 1
    audio_format: str = "pcm_16"
    chunk_size: int = 1024
    enable_transcription: bool = True
    enable_vad: bool = True


class MediaSession(msgspec.Struct, frozen=True, kw_only=True):
    """A media session that was prepared. `websocket_url` is where to stream, `created_at` is ISO 8601."""

    session_id: str
    websocket_url: str
    status: str
    created_at: str
    configuration: MediaConfiguration
