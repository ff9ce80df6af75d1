"""Call Automation's callbacks: CloudEvents to one Struct for each type of event.

What the service adds tomorrow passes: unknown fields are ignored, absent and null ones have defaults, statuses are
plain text, an unknown type is an `UnknownEvent`. One malformed event of a delivery does not spoil the others.
"""

import base64
from enum import StrEnum
from typing import Any

import msgspec
from msgspec.structs import force_setattr

from protocol.errors import WireError
from protocol.phone_numbers import is_e164

PREFIX = "Microsoft.Communication."
MAX_TYPE_CHARS = 128

DIGITS = {
    **dict(
        zip(("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"), "0123456789", strict=True)
    ),
    **dict(zip("abcd", "ABCD", strict=True)),
    "pound": "#",
    "asterisk": "*",
}
"""What callbacks call the keys, to what stands on them."""

OTHER_NAMES = {"star": "*", "hash": "#"}
"""What others call two of the keys."""


class EventsError(WireError):
    """A body in which no event can be looked for; the text says what is wrong."""


class UnknownEvent(msgspec.Struct, frozen=True):
    """An event of a type that is not known here; to be counted, never an error."""

    type: str
    call_connection_id: str = ""


class Malformed(msgspec.Struct, frozen=True):
    """An event that cannot be understood; `reason` names the field, not what it held."""

    type: str
    reason: str


def digit(tone: str) -> str:
    """The key of a tone that is given as a word ("five", "pound") or as the key itself.

    Raises:
        ValueError: it is none.
    """
    name = tone.lower()
    key = DIGITS.get(name) or OTHER_NAMES.get(name, tone.upper())
    if key not in DIGITS.values():
        raise ValueError("tone: not a DTMF tone")
    return key


# who takes part


class Kind(StrEnum):
    """What kind of participant an identifier stands for."""

    PHONE_NUMBER = "phonenumber"
    COMMUNICATION_USER = "communicationuser"
    MICROSOFT_TEAMS_USER = "microsoftteamsuser"
    MICROSOFT_TEAMS_APP = "microsoftteamsapp"
    TEAMS_EXTENSION_USER = "teamsextensionuser"
    UNKNOWN = "unknown"


_KINDS_BY_RAW_ID = {
    "4:": Kind.PHONE_NUMBER,
    "8:orgid:": Kind.MICROSOFT_TEAMS_USER,
    "8:dod:": Kind.MICROSOFT_TEAMS_USER,
    "8:gcch:": Kind.MICROSOFT_TEAMS_USER,
    "8:teamsvisitor:": Kind.MICROSOFT_TEAMS_USER,
    "8:": Kind.COMMUNICATION_USER,
    "28:": Kind.MICROSOFT_TEAMS_APP,
}


class Value(msgspec.Struct, frozen=True):
    """A value in an object of its own."""

    value: str = ""


class User(msgspec.Struct, frozen=True):
    """An id in an object of its own."""

    id: str = ""


class Identifier(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The identity of a participant of a call: a telephone number, a user or an application."""

    raw_id: str = ""
    stated_kind: str = msgspec.field(default="", name="kind")
    telephone: Value = msgspec.field(default=Value(), name="phoneNumber")
    communication_user: User = User()

    def __post_init__(self) -> None:
        if self.raw_id:
            return
        raw_id = f"4:{self.telephone.value}" if self.telephone.value else self.communication_user.id
        if not raw_id:
            raise ValueError("an identifier needs a rawId")
        force_setattr(self, "raw_id", raw_id)

    @property
    def kind(self) -> Kind:
        """As stated, in any case, else as the raw id has it."""
        try:
            return Kind(self.stated_kind.lower())
        except ValueError:
            return next(
                (kind for start, kind in _KINDS_BY_RAW_ID.items() if self.raw_id.startswith(start)), Kind.UNKNOWN
            )

    @property
    def phone_number(self) -> str | None:
        """In E.164; none for who is anonymous, has a short code or is no telephone."""
        number = self.telephone.value or (self.raw_id[2:] if self.raw_id.startswith("4:") else "")
        return number if is_e164(number) else None


class CallParticipant(msgspec.Struct, frozen=True, rename="camel"):
    """One of those on the call, as the network tells it."""

    identifier: Identifier
    is_muted: bool = False
    is_on_hold: bool = False


# what came of it


class Detail(msgspec.Struct, frozen=True):
    """What the telephone network said, in its own numbers."""

    code: int = 0
    message: str = ""


class Result(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """How an operation ended: like an HTTP status, and a finer code of the service's own."""

    code: int = 0
    sub_code: int = 0
    message: str = ""
    sip: Detail | None = msgspec.field(default=None, name="sipDetails")
    q850: Detail | None = msgspec.field(default=None, name="q850Details")


class AcsEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What every event of a call says. `event_id` and `time` (ISO 8601) are the CloudEvent's."""

    call_connection_id: str = ""
    server_call_id: str = ""
    correlation_id: str = ""
    operation_context: str | None = None
    result: Result | None = msgspec.field(default=None, name="resultInformation")
    event_id: str = ""
    time: str = ""


# the call


class CallConnected(AcsEvent, frozen=True):
    """The call is connected: both sides can speak."""


class CallDisconnected(AcsEvent, frozen=True):
    """The call has ended, whoever hung up."""


class CreateCallFailed(AcsEvent, frozen=True):
    """A call that was placed did not come about."""


class AnswerFailed(AcsEvent, frozen=True):
    """A call that was answered did not come about."""


class ConnectFailed(AcsEvent, frozen=True):
    """A call that runs already could not be joined."""


class CallTransferAccepted(AcsEvent, frozen=True):
    """The call was transferred: whoever it went to has it now."""

    transfer_target: Identifier | None = None
    transferee: Identifier | None = None


class CallTransferFailed(AcsEvent, frozen=True):
    """A transfer was refused or not answered: the call goes on as before."""


# participants


class ParticipantsUpdated(AcsEvent, frozen=True):
    """Who is on the call; it may come before `CallConnected`, and its numbers skip."""

    sequence_number: int = 0
    participants: tuple[CallParticipant, ...] = ()


class AddParticipantSucceeded(AcsEvent, frozen=True):
    """Somebody who was invited has joined the call."""

    participant: Identifier | None = None


class AddParticipantFailed(AcsEvent, frozen=True):
    """Somebody who was invited has not joined the call."""

    participant: Identifier | None = None


class RemoveParticipantSucceeded(AcsEvent, frozen=True):
    """A participant was taken off the call."""

    participant: Identifier | None = None


class RemoveParticipantFailed(AcsEvent, frozen=True):
    """Somebody could not be taken off the call and is still on it."""

    participant: Identifier | None = None


class CancelAddParticipantSucceeded(AcsEvent, frozen=True):
    """An invitation to the call was taken back before it was answered."""

    invitation_id: str = ""


class CancelAddParticipantFailed(AcsEvent, frozen=True):
    """An invitation could not be taken back."""

    invitation_id: str = ""


class MoveParticipantSucceeded(AcsEvent, frozen=True):
    """A participant was moved to this call from another one."""

    participant: Identifier | None = None
    from_call: str = ""


class MoveParticipantFailed(AcsEvent, frozen=True):
    """A participant could not be moved to this call from another one."""

    participant: Identifier | None = None
    from_call: str = ""


# media


class MediaStreamingUpdate(msgspec.Struct, frozen=True, rename="camel"):
    """How the connection of the media socket stands."""

    content_type: str = ""
    status: str = msgspec.field(default="", name="mediaStreamingStatus")
    details: str = msgspec.field(default="", name="mediaStreamingStatusDetails")


class MediaStreamingStarted(AcsEvent, frozen=True):
    """The media socket is connected, and audio flows."""

    media_streaming_update: MediaStreamingUpdate = MediaStreamingUpdate()


class MediaStreamingStopped(AcsEvent, frozen=True):
    """The media socket was closed as asked."""

    media_streaming_update: MediaStreamingUpdate = MediaStreamingUpdate()


class MediaStreamingFailed(AcsEvent, frozen=True):
    """The media socket could not be connected, or broke."""

    media_streaming_update: MediaStreamingUpdate = MediaStreamingUpdate()


class TranscriptionUpdate(msgspec.Struct, frozen=True, rename="camel"):
    """How the connection of the transcription socket stands."""

    status: str = msgspec.field(default="", name="transcriptionStatus")
    details: str = msgspec.field(default="", name="transcriptionStatusDetails")


class TranscriptionStarted(AcsEvent, frozen=True):
    """The service transcribes the call and sends transcripts from now on."""

    transcription_update: TranscriptionUpdate = TranscriptionUpdate()


class TranscriptionStopped(AcsEvent, frozen=True):
    """The service has stopped to transcribe the call, as it was asked to."""

    transcription_update: TranscriptionUpdate = TranscriptionUpdate()


class TranscriptionUpdated(AcsEvent, frozen=True):
    """Transcription goes on in another language."""

    transcription_update: TranscriptionUpdate = TranscriptionUpdate()


class TranscriptionFailed(AcsEvent, frozen=True):
    """The service cannot transcribe the call though it was asked to."""

    transcription_update: TranscriptionUpdate = TranscriptionUpdate()


class PlayStarted(AcsEvent, frozen=True):
    """A prompt of the service's own is being heard."""


class PlayCompleted(AcsEvent, frozen=True):
    """A prompt of the service's own was heard to its end."""


class PlayCanceled(AcsEvent, frozen=True):
    """A prompt of the service's own was cancelled before its end."""


class PlayFailed(AcsEvent, frozen=True):
    """A prompt of the service's own could not be played."""

    failed_play_source_index: int | None = None


class HoldFailed(AcsEvent, frozen=True):
    """Somebody could not be put on hold."""


# what the caller dials and says to the service


class DtmfResult(msgspec.Struct, frozen=True):
    """The tones that were collected, as words."""

    tones: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for tone in self.tones:
            digit(tone)


class ChoiceResult(msgspec.Struct, frozen=True, rename="camel"):
    """Which of the offered choices was taken."""

    label: str = ""
    recognized_phrase: str = ""
    confidence: float | None = None


class SpeechResult(msgspec.Struct, frozen=True):
    """What the service recognized of what the caller said."""

    speech: str = ""
    confidence: float | None = None


class RecognizeCompleted(AcsEvent, frozen=True, kw_only=True):
    """The service recognized what it was asked to; `recognition_type` is dtmf, speech or choices."""

    recognition_type: str = ""
    dtmf_result: DtmfResult | None = None
    choice_result: ChoiceResult | None = None
    speech_result: SpeechResult | None = None

    @property
    def digits(self) -> str:
        """The keys that were pressed, as digits; empty if the caller spoke instead."""
        return "".join(digit(tone) for tone in self.dtmf_result.tones) if self.dtmf_result else ""


class RecognizeFailed(AcsEvent, frozen=True):
    """The service recognized neither keys nor speech in time."""

    failed_play_source_index: int | None = None


class RecognizeCanceled(AcsEvent, frozen=True):
    """The service was ordered to stop recognizing keys or speech."""


class SendDtmfTonesCompleted(AcsEvent, frozen=True):
    """The tones that we ordered were sent to the other side."""


class SendDtmfTonesFailed(AcsEvent, frozen=True):
    """The tones that we ordered were not sent."""


class ContinuousDtmfRecognitionToneReceived(AcsEvent, frozen=True):
    """Somebody pressed a key; `sequence_id` counts from 1."""

    tone: str
    sequence_id: int | None = None

    def __post_init__(self) -> None:
        digit(self.tone)

    @property
    def digit(self) -> str:
        """The key as one character: 0-9 * # or A-D."""
        return digit(self.tone)


class ContinuousDtmfRecognitionToneFailed(AcsEvent, frozen=True):
    """The service cannot listen for keys."""


class ContinuousDtmfRecognitionStopped(AcsEvent, frozen=True):
    """The service no longer listens for keys."""


# recording


class RecordingStateChanged(AcsEvent, frozen=True, kw_only=True):
    """A recording became `active`, `inactive` and the like. It belongs to a server call, not to a connection."""

    recording_id: str = ""
    state: str = ""
    start_date_time: str = ""
    recording_kind: str = ""


class StartRecordingFailed(AcsEvent, frozen=True):
    """A recording that was ordered could not be started."""

    recording_id: str = ""


EVENTS: dict[str, type[AcsEvent]] = {event.__name__: event for event in AcsEvent.__subclasses__()}
"""Every type of event by its name without the prefix."""

OF_A_SERVER_CALL = (RecordingStateChanged, StartRecordingFailed)
"""Events that may come without a call connection."""


def decode(body: str | bytes) -> list[AcsEvent | UnknownEvent | Malformed]:
    """The events of a delivery, in its order: one CloudEvent or an array of them.

    Raises:
        EventsError: the body is no JSON, or neither an object nor an array.
    """
    return [_event(value) for value in delivered(body)]


def delivered(body: str | bytes) -> list[Any]:
    """What a body delivers, one or several, not looked at yet.

    Raises:
        EventsError: the body is no JSON, or neither an object nor an array.
    """
    try:
        values = msgspec.json.decode(body)
    except RecursionError:
        raise EventsError("body: nested too deeply") from None
    except ValueError as error:
        raise EventsError(f"body: not JSON: {error}") from error
    if isinstance(values, dict):
        return [values]
    if not isinstance(values, list):
        raise EventsError("body: expected an event or an array of events")
    return values


def event_data(event: dict[str, Any]) -> Any:
    """The data of an event: the object itself, or the one that its text or its `data_base64` holds, which CloudEvents
    allows. Anything else is returned as it is, None for nothing.
    """
    data = event.get("data")
    if data is None and isinstance(encoded := event.get("data_base64"), str):
        try:
            data = base64.b64decode(encoded, validate=True)
        except ValueError:
            return encoded
    if not isinstance(data, str | bytes):
        return data
    try:
        return msgspec.json.decode(data)
    except (ValueError, RecursionError):
        return data


def malformed(kind: str, error: Exception) -> Malformed:
    """Why the `data` of an event of that type could not be converted."""
    reason = "nested too deeply" if isinstance(error, RecursionError) else str(error).replace("`$", "`data")
    return Malformed(kind[:MAX_TYPE_CHARS], reason if "`" in reason else f"data: {reason}")


def without_nulls(value: Any) -> Any:
    """The same, where fields that are null are absent."""
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [without_nulls(inner) for inner in value]
    return value


def _event(value: Any) -> AcsEvent | UnknownEvent | Malformed:
    if not isinstance(value, dict):
        return Malformed("", "event: expected an object")
    kind = value.get("type")
    if not isinstance(kind, str):
        return Malformed("", "type: missing" if kind is None else "type: expected text")
    data = event_data(value)
    event_type = EVENTS.get(kind.removeprefix(PREFIX)) if kind.startswith(PREFIX) else None
    if event_type is None:
        return UnknownEvent(kind[:MAX_TYPE_CHARS], _text(data, "callConnectionId") if isinstance(data, dict) else "")
    if not isinstance(data, dict):
        return Malformed(kind, "data: missing" if data is None else "data: expected an object")
    envelope = {"eventId": _text(value, "id"), "time": _text(value, "time")}
    try:
        fields = _from_source(value) | _with_readable_result(without_nulls(data)) | envelope
        event = msgspec.convert(fields, event_type)
    except (ValueError, RecursionError) as error:
        return malformed(kind, error)
    if event.call_connection_id or (event.server_call_id and isinstance(event, OF_A_SERVER_CALL)):
        return event
    return Malformed(kind, "data.callConnectionId: missing")


def _with_readable_result(data: dict[str, Any]) -> dict[str, Any]:
    """The same, without a result that cannot be read: what happened to the call is true without its reason."""
    try:
        msgspec.convert(data.get("resultInformation", {}), Result)
    except ValueError:
        return {name: value for name, value in data.items() if name != "resultInformation"}
    return data


def _from_source(value: dict[str, Any]) -> dict[str, str]:
    """The ids that the source or subject of a CloudEvent holds."""
    match (_text(value, "source") or _text(value, "subject")).strip("/").split("/"):
        case ["calling", "callConnections", call_connection_id, *_]:
            return {"callConnectionId": call_connection_id}
        case ["calling", "recordings", server_call_id, recording_id, *_]:
            return {"serverCallId": server_call_id, "recordingId": recording_id}
        case _:
            return {}


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""
