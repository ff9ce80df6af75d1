"""What is sent to Call Automation and what comes back, in the SDK's types and in ours."""

from typing import Any

from azure.communication.callautomation import (
    AudioFormat,
    CallConnectionProperties,
    CallParticipant,
    CommunicationIdentifier,
    CommunicationUserIdentifier,
    MediaStreamingAudioChannelType,
    MediaStreamingContentType,
    MediaStreamingOptions,
    MicrosoftTeamsAppIdentifier,
    MicrosoftTeamsUserIdentifier,
    PhoneNumberIdentifier,
    StreamingTransportType,
    TranscriptionOptions,
    UnknownIdentifier,
)

from app.telephony.call_control import CallProperties, MediaOptions, OnTheCall, Transcription
from app.telephony.errors import CallControlError, Trouble
from protocol.acs.dtmf import DIGITS
from protocol.phone_numbers import is_e164

PUBLIC = "public"
PHONE, ACS_USER, TEAMS_USER, TEAMS_APP = "4:", "8:acs:", "8:orgid:", "28:orgid:"
TONES = {key: word for word, key in DIGITS.items()}


def identifier(identity: str) -> CommunicationIdentifier:
    """A telephone number or a raw id, as the SDK has it."""
    if is_e164(identity):
        return PhoneNumberIdentifier(identity)
    if identity.startswith(PHONE):
        return PhoneNumberIdentifier(identity.removeprefix(PHONE), raw_id=identity)
    if identity.startswith(ACS_USER):
        return CommunicationUserIdentifier(identity)
    # The SDK's own default is written in capitals, which the API does not have.
    if identity.startswith(TEAMS_USER):
        return MicrosoftTeamsUserIdentifier(identity.removeprefix(TEAMS_USER), raw_id=identity, cloud=PUBLIC)
    if identity.startswith(TEAMS_APP):
        return MicrosoftTeamsAppIdentifier(identity.removeprefix(TEAMS_APP), raw_id=identity, cloud=PUBLIC)
    return UnknownIdentifier(identity)


def tones(keys: str) -> list[str]:
    """The names of keys' tones.

    Raises:
        CallControlError: there is no key, or one is none.
    """
    if not keys or not set(keys.upper()) <= set(TONES):
        raise CallControlError(Trouble.REJECTED, "send_dtmf: keys are 0-9 * # A-D, at least one")
    return [TONES[key] for key in keys.upper()]


def media_arguments(media: MediaOptions) -> dict[str, Any]:
    """The arguments of answer_call and create_call that are about media."""
    arguments: dict[str, Any] = {"media_streaming": _streaming(media)} if media.streams_audio else {}
    if media.transcription is not None:
        arguments["transcription"] = _transcription(media.transcription)
        arguments["cognitive_services_endpoint"] = media.transcription.cognitive_services_endpoint
    return arguments


def _streaming(media: MediaOptions) -> MediaStreamingOptions:
    channels = MediaStreamingAudioChannelType
    return MediaStreamingOptions(
        transport_url=media.url,
        transport_type=StreamingTransportType.WEBSOCKET,
        content_type=MediaStreamingContentType.AUDIO,
        audio_channel_type=channels.MIXED if media.mixed else channels.UNMIXED,
        start_media_streaming=media.start,
        enable_bidirectional=True,
        audio_format=AudioFormat.PCM24_K_MONO if media.rate_hz == 24_000 else AudioFormat.PCM16_K_MONO,
        enable_dtmf_tones=media.dtmf,
    )


def _transcription(transcription: Transcription) -> TranscriptionOptions:
    return TranscriptionOptions(
        transport_url=transcription.url,
        transport_type=StreamingTransportType.WEBSOCKET,
        locale=transcription.locale,
        start_transcription=transcription.start,
        enable_intermediate_results=transcription.partials,
    )


def properties(found: CallConnectionProperties) -> CallProperties:
    """Convert the SDK's description of a call into `CallProperties`."""
    streaming, transcription = found.media_streaming_subscription, found.transcription_subscription
    return CallProperties(
        call_id=found.call_connection_id or "",
        server_call_id=found.server_call_id or "",
        correlation_id=found.correlation_id or "",
        state=_word(found.call_connection_state),
        media_streaming=_word(streaming.state) if streaming is not None else "",
        transcription=_word(transcription.state) if transcription is not None else "",
    )


def on_the_call(participant: CallParticipant) -> OnTheCall:
    """A participant as the service describes one."""
    raw_id = participant.identifier.raw_id if participant.identifier is not None else ""
    number = raw_id.removeprefix(PHONE) if raw_id.startswith(PHONE) else ""
    return OnTheCall(
        raw_id, number if is_e164(number) else None, bool(participant.is_muted), bool(participant.is_on_hold)
    )


def _word(value: Any) -> str:
    return str(getattr(value, "value", value) or "")
