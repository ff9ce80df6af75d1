"""The REST API's calls and media sessions: what is asked and what is answered, one Struct each.

A body that is wrong becomes `RequestError`, whose `errors` name the fields.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any, Literal, TypeVar, get_args, get_type_hints

import msgspec
from msgspec.structs import force_setattr

from protocol.errors import WireError
from protocol.phone_numbers import CallTarget, PhoneNumber, is_call_target, is_e164
from protocol.problems import FieldError

MAX_LIMIT = 100
MAX_PAGE = 1_000_000
STREAMING_MODES = ("media", "voice_live", "transcription")

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
ShortText = Annotated[str, msgspec.Meta(max_length=512)]

_E164 = "expected a phone number in E.164 format, like +12025550123"
_TARGET = f"{_E164}, or an id such as 8:acs:..., 8:orgid:... or 28:..."


def _check_number(field: str, number: str | None) -> None:
    if number is not None and not is_e164(number):
        raise ValueError(f"{field}: {_E164}")


class CallState(StrEnum):
    """How far a call has come, from being placed to its end."""

    INITIATING = "initiating"
    RINGING = "ringing"
    CONNECTED = "connected"
    ON_HOLD = "on_hold"
    DISCONNECTED = "disconnected"
    FAILED = "failed"


# placing


class InitiateCall(msgspec.Struct, frozen=True, kw_only=True):
    """Place a call. `context` is for the agent; `streaming_mode` in any case, kept in lower."""

    target_number: PhoneNumber
    caller_id: PhoneNumber | None = None
    context: dict[str, Any] | None = None
    streaming_mode: str | None = None
    agent: ShortText | None = None

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
        """The browser's session that asked for the call, if one did."""
        session_id = (self.context or {}).get("browser_session_id")
        return session_id if isinstance(session_id, str) and session_id else None


class InitiatedCall(msgspec.Struct, frozen=True, kw_only=True):
    """The call is being placed. `call_id` is the call connection id of ACS, `initiated_at` ISO 8601."""

    call_id: str
    target_number: str
    message: str
    session_id: str
    streaming_mode: str
    initiated_at: str
    status: Literal["initiating"] = "initiating"


# looking


class Participant(msgspec.Struct, frozen=True, kw_only=True):
    """One of those who are on a call, and in what role."""

    id: str
    phone_number: str | None
    role: str
    status: str


class CallEvent(msgspec.Struct, frozen=True):
    """What happened to a call; the time in ISO 8601."""

    type: str
    timestamp: str
    details: dict[str, Any] = {}


class CallStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A call, live or lately ended. `duration` in seconds, null before it is connected."""

    call_id: str
    status: CallState
    duration: float | None
    participants: tuple[Participant, ...] = ()
    events: tuple[CallEvent, ...] = ()


class CallList(msgspec.Struct, frozen=True, kw_only=True):
    """One page of calls, newest first; `total` counts those of all pages."""

    calls: tuple[CallStatus, ...]
    total: int
    page: int
    limit: int


class CallsQuery(msgspec.Struct, frozen=True):
    """Which calls are asked for; pages count from 1."""

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
    """Give the caller to somebody else: at a telephone number, or a user or application of ACS or Teams."""

    target: CallTarget
    context: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        if not is_call_target(self.target):
            raise ValueError(f"target: {_TARGET}")


class HeldCall(msgspec.Struct, frozen=True):
    """The answer that the caller has been put on hold, or is back from it."""

    call_id: str
    status: Literal["on_hold", "connected"]


class TransferringCall(msgspec.Struct, frozen=True):
    """The answer that the network has been asked to transfer a call; how that ends is told by an event."""

    call_id: str
    status: Literal["transferring"] = "transferring"


# what ACS and Event Grid are answered


class ValidationAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """The answer that Event Grid wants before it sends events to an address."""

    validation_response: str


class AnsweredCall(msgspec.Struct, frozen=True, kw_only=True):
    """An incoming call was answered; the time in ISO 8601."""

    call_connection_id: str
    caller_id: str
    answered_at: str
    status: Literal["call answered"] = "call answered"


class NoEvents(msgspec.Struct, frozen=True):
    """Nothing in the delivery was for us."""

    status: Literal["no events processed"] = "no events processed"


class CallbacksAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the events of a delivery."""

    processed_events: int
    failed_events: int
    call_connection_id: str | None
    status: Literal["success"] = "success"
    processing_system: str = "earshot"


# media


class MediaFeatures(msgspec.Struct, frozen=True, kw_only=True):
    """What the media socket is capable of, as a client may ask."""

    real_time_audio: bool = True
    transcription: bool = True
    orchestrator_support: bool = True
    session_management: bool = True


class MediaStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Where the media socket is, and what it can do."""

    streaming_mode: str
    status: str = "available"
    websocket_endpoint: str = "/api/v1/media/stream"
    protocols_supported: tuple[str, ...] = ("WebSocket",)
    features: MediaFeatures = MediaFeatures()
    version: str = "v1"
    calls: int = 0
    """Calls that are up"""
    unknown_events: int = 0
    """Events and messages of kinds that mean nothing to us, since the start"""
    ignored_messages: int = 0
    defective_messages: int = 0
    """Messages on media sockets with something wrong in them, repaired as far as they could be, since the start"""


class MediaSessionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Prepare a media session for a call; `sample_rate` in Hz, `chunk_size` in bytes."""

    call_connection_id: Id
    sample_rate: Literal[16000, 24000] = 16000
    channels: Literal[1] = 1
    audio_format: Literal["pcm_16"] = "pcm_16"
    chunk_size: Annotated[int, msgspec.Meta(ge=2, le=64_000)] = 1024
    enable_transcription: bool = True
    enable_vad: bool = True


class MediaConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """How a media session was asked for."""

    sample_rate: int = 16000
    channels: int = 1
    audio_format: str = "pcm_16"
    chunk_size: int = 1024
    enable_transcription: bool = True
    enable_vad: bool = True


class MediaSession(msgspec.Struct, frozen=True, kw_only=True):
    """A media session and where to stream; the time in ISO 8601."""

    session_id: str
    websocket_url: str
    status: str
    created_at: str
    configuration: MediaConfiguration


# reading what is asked


class RequestError(WireError):
    """What a client asks is wrong. `status` is 400 for a body that is no JSON, else 422; the text joins the errors."""

    def __init__(self, *errors: FieldError, status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY) -> None:
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in errors))
        self.errors = errors
        self.status = status


T = TypeVar("T")


def decode_body(body: bytes, expected: type[T]) -> T:
    """A JSON body as the Struct that the route expects.

    Raises:
        RequestError: names the first field that is missing or wrong, or `body`.
    """
    try:
        return msgspec.json.decode(body, type=expected)
    except msgspec.ValidationError as error:
        raise RequestError(_field_error(str(error), expected)) from error
    except RecursionError:
        raise RequestError(FieldError("body", "nested too deeply", "json"), status=HTTPStatus.BAD_REQUEST) from None
    except ValueError as error:
        raise RequestError(FieldError("body", f"not JSON: {error}", "json"), status=HTTPStatus.BAD_REQUEST) from error


def decode_query(query: Mapping[str, str]) -> CallsQuery:
    """The query of GET /calls; an empty value counts as absent.

    Raises:
        RequestError: names every parameter that is wrong.
    """
    errors: list[FieldError] = []
    page = _whole(query, "page", 1, MAX_PAGE, errors)
    limit = _whole(query, "limit", 10, MAX_LIMIT, errors)
    status_filter: CallState | None = None
    if text := query.get("status_filter"):
        try:
            status_filter = CallState(text)
        except ValueError:
            errors.append(FieldError("status_filter", f"expected one of {', '.join(CallState)}", "enum"))
    if errors:
        raise RequestError(*errors)
    return CallsQuery(page, limit, status_filter)


def _whole(query: Mapping[str, str], name: str, default: int, highest: int, errors: list[FieldError]) -> int:
    text = query.get(name) or str(default)
    if not re.fullmatch("-?[0-9]+", text):
        errors.append(FieldError(name, "expected a whole number", "type"))
    # A number of too many digits to be one is out of range without being read.
    elif len(text) > len(str(MAX_PAGE)) or not 1 <= int(text) <= highest:
        errors.append(FieldError(name, f"expected 1 to {highest}", "range"))
    else:
        return int(text)
    return default


_SHAPE = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<path>[^`]*)`)?", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<field>[^`]*)`")
_OWN = re.compile(r"(?P<field>[a-z_]+): (?P<message>.*)")


def _field_error(text: str, expected: type[Any]) -> FieldError:
    """What msgspec says, as the field, what it should be, and a code; nothing that the client sent is repeated."""
    shape = _SHAPE.fullmatch(text)
    assert shape is not None
    what, path = shape["what"], shape["path"] or ""
    if missing := _MISSING.fullmatch(what):
        return FieldError(".".join(filter(None, (path, missing["field"]))), "required", "required")
    if own := _OWN.fullmatch(what):
        return FieldError(own["field"], own["message"], "pattern" if own["message"] in (_E164, _TARGET) else "enum")
    field = path or "body"
    if "matching regex" in what:
        return FieldError(field, _TARGET if expected is TransferCall else _E164, "pattern")
    if what.startswith("Invalid enum value"):
        choices = ", ".join(str(choice) for choice in get_args(get_type_hints(expected).get(field)))
        return FieldError(field, f"expected one of {choices}" if choices else "not one of its values", "enum")
    if "of length" in what:
        return FieldError(field, _lower(what), "length")
    if "<=" in what or ">=" in what or "out of range" in what:
        return FieldError(field, _lower(what), "range")
    return FieldError(field, _lower(what), "type")


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:].replace("`", "")
