"""The bodies of the Call Automation requests, as strictly as the service takes them: api-version 2026-03-12."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta

from tests.cloud.acs.identifiers import CommunicationUser, Identifier, PhoneNumber, TeamsApp, Wire

Tone = Literal[
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "a",
    "b",
    "c",
    "d",
    "pound",
    "asterisk",
]
TONES: dict[str, Tone] = {
    **{str(number): tone for number, tone in enumerate(Tone.__args__[:10])},  # type: ignore[attr-defined]
    "A": "a",
    "B": "b",
    "C": "c",
    "D": "d",
    "#": "pound",
    "*": "asterisk",
}
"""What is on the key to its name on the wire."""
Identifiers = Annotated[list[Identifier], Meta(min_length=1)]


def check_url(url: str | None, field: str, *schemes: str) -> None:
    """Raise ValueError unless `url` is absent or an absolute URL of one of `schemes`."""
    parts = urlsplit(url or "")
    if url is not None and (parts.scheme not in schemes or not parts.netloc):
        raise ValueError(f"{field} must be an absolute {' or '.join(schemes)} URL")


class Intelligence(Wire):
    """The AI services resource that transcribes and speaks for the call."""

    cognitive_services_endpoint: str | None = None


class MediaOptions(Wire):
    """How the call's audio is streamed."""

    transport_type: Literal["websocket"]
    audio_channel_type: Literal["mixed", "unmixed"]
    transport_url: str
    content_type: Literal["audio"]
    start_media_streaming: bool = False
    enable_bidirectional: bool = False
    audio_format: Literal["pcm16KMono", "pcm24KMono"] = "pcm16KMono"
    enable_dtmf_tones: bool = False

    def __post_init__(self) -> None:
        check_url(self.transport_url, "transportUrl", "ws", "wss")

    @property
    def rate_hz(self) -> int:
        """Samples a second."""
        return 24_000 if self.audio_format == "pcm24KMono" else 16_000


class TranscriptionOptions(Wire):
    """How the call is transcribed."""

    transport_type: Literal["websocket"]
    locale: str
    transport_url: str
    start_transcription: bool = False
    enable_intermediate_results: bool = False
    speech_model_endpoint_id: str | None = None

    def __post_init__(self) -> None:
        check_url(self.transport_url, "transportUrl", "ws", "wss")


class CustomContext(Wire):
    """Headers that go with an invitation."""

    voip_headers: dict[str, str] | None = None
    sip_headers: dict[str, str] | None = None
    teams_phone_call_details: dict[str, object] | None = None


class CallLocator(Wire):
    """Names a call from outside."""

    kind: Literal["groupCallLocator", "serverCallLocator", "roomCallLocator"]
    group_call_id: str | None = None
    server_call_id: str | None = None
    room_id: str | None = None


class WithCallback(Wire):
    """What every operation on a call may say."""

    operation_context: str | None = None
    operation_callback_uri: str | None = None

    def __post_init__(self) -> None:
        check_url(self.operation_callback_uri, "operationCallbackUri", "http", "https")


class CreateCall(Wire):
    """POST /calling/callConnections"""

    targets: Identifiers
    callback_uri: str
    source_caller_id_number: PhoneNumber | None = None
    source_display_name: str | None = None
    source: CommunicationUser | None = None
    operation_context: str | None = None
    call_intelligence_options: Intelligence | None = None
    media_streaming_options: MediaOptions | None = None
    transcription_options: TranscriptionOptions | None = None
    teams_app_source: TeamsApp | None = None

    def __post_init__(self) -> None:
        check_url(self.callback_uri, "callbackUri", "http", "https")
        if self.source_caller_id_number is None and any(target.phone_number for target in self.targets):
            raise ValueError("sourceCallerIdNumber is needed to call a telephone number")


class AnswerCall(Wire):
    """POST /calling/callConnections:answer"""

    incoming_call_context: str
    callback_uri: str
    operation_context: str | None = None
    call_intelligence_options: Intelligence | None = None
    answered_by: CommunicationUser | None = None
    media_streaming_options: MediaOptions | None = None
    transcription_options: TranscriptionOptions | None = None

    def __post_init__(self) -> None:
        check_url(self.callback_uri, "callbackUri", "http", "https")


class ConnectCall(Wire):
    """POST /calling/callConnections:connect"""

    call_locator: CallLocator
    callback_uri: str
    operation_context: str | None = None
    call_intelligence_options: Intelligence | None = None
    media_streaming_options: MediaOptions | None = None
    transcription_options: TranscriptionOptions | None = None

    def __post_init__(self) -> None:
        check_url(self.callback_uri, "callbackUri", "http", "https")


class RedirectCall(Wire):
    """POST /calling/callConnections:redirect"""

    incoming_call_context: str
    target: Identifier


class RejectCall(Wire):
    """POST /calling/callConnections:reject"""

    incoming_call_context: str
    call_reject_reason: Literal["none", "busy", "forbidden"] | None = None


class Transfer(WithCallback, kw_only=True):
    """POST .../{id}:transferToParticipant"""

    target_participant: Identifier
    transferee: Identifier | None = None
    custom_calling_context: CustomContext | None = None
    source_caller_id_number: PhoneNumber | None = None


class AddParticipant(WithCallback, kw_only=True):
    """POST .../{id}/participants:add"""

    participant_to_add: Identifier
    source_caller_id_number: PhoneNumber | None = None
    source_display_name: str | None = None
    invitation_timeout_in_seconds: Annotated[int, Meta(ge=0, le=180)] | None = None
    custom_calling_context: CustomContext | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.participant_to_add.phone_number and self.source_caller_id_number is None:
            raise ValueError("sourceCallerIdNumber is needed to call a telephone number")


class RemoveParticipant(WithCallback, kw_only=True):
    """POST .../{id}/participants:remove"""

    participant_to_remove: Identifier


class MuteParticipants(Wire):
    """POST .../{id}/participants:mute"""

    target_participants: Identifiers
    operation_context: str | None = None


class CancelAddParticipant(WithCallback, kw_only=True):
    """POST .../{id}/participants:cancelAddParticipant"""

    invitation_id: str


class MoveParticipants(WithCallback, kw_only=True):
    """POST .../{id}/participants:moveHere"""

    target_participants: Identifiers
    from_call: str
