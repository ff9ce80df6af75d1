"""The bodies of the requests about what is heard in a call, and about recording it."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tests.cloud.acs.identifiers import Identifier, Wire
from tests.cloud.acs.requests import CallLocator, Identifiers, Tone, WithCallback, check_url


class FileSource(Wire):
    """A WAV file to fetch and play."""

    uri: str


class TextSource(Wire):
    """A text to speak."""

    text: str
    source_locale: str | None = None
    voice_kind: Literal["male", "female"] | None = None
    voice_name: str | None = None
    custom_voice_endpoint_id: str | None = None


class SsmlSource(Wire):
    """A text to speak, in SSML."""

    ssml_text: str
    custom_voice_endpoint_id: str | None = None


class PlaySource(Wire):
    """What to play; `kind` names the field that says it."""

    kind: Literal["file", "text", "ssml"]
    play_source_cache_id: str | None = None
    file: FileSource | None = None
    text: TextSource | None = None
    ssml: SsmlSource | None = None

    def __post_init__(self) -> None:
        if getattr(self, self.kind) is None:
            raise ValueError(f"{self.kind} is missing")


class PlayOptions(Wire):
    """How to play."""

    loop: bool


class Play(WithCallback, kw_only=True):
    """POST .../{id}:play"""

    play_sources: Annotated[list[PlaySource], Meta(min_length=1)]
    play_to: list[Identifier] = msgspec.field(default_factory=list)
    interrupt_call_media_operation: bool = False
    play_options: PlayOptions | None = None


class DtmfOptions(Wire):
    """Which keys end the recognition, and when."""

    inter_tone_timeout_in_seconds: Annotated[int, Meta(ge=1, le=60)] | None = None
    max_tones_to_collect: int | None = None
    stop_tones: list[Tone] = msgspec.field(default_factory=list)


class Choice(Wire):
    """One of the answers to listen for."""

    label: str
    phrases: list[str]
    tone: Tone | None = None


class SpeechOptions(Wire):
    """When speech is over."""

    end_silence_timeout_in_ms: int | None = None


class RecognizeOptions(Wire, kw_only=True):
    """What to listen for."""

    interrupt_prompt: bool = False
    initial_silence_timeout_in_seconds: Annotated[int, Meta(ge=0, le=300)] | None = None
    target_participant: Identifier
    speech_language: str | None = None
    speech_recognition_model_endpoint_id: str | None = None
    dtmf_options: DtmfOptions | None = None
    choices: list[Choice] | None = None
    speech_options: SpeechOptions | None = None


class Recognize(WithCallback, kw_only=True):
    """POST .../{id}:recognize"""

    recognize_input_type: Literal["dtmf", "speech", "speechOrDtmf", "choices"]
    recognize_options: RecognizeOptions
    play_prompt: PlaySource | None = None
    play_prompts: list[PlaySource] | None = None
    interrupt_call_media_operation: bool = False


class StreamingOrder(WithCallback):
    """POST .../{id}:startMediaStreaming, :stopMediaStreaming, :stopTranscription"""


class TranscriptionOrder(WithCallback):
    """POST .../{id}:startTranscription, :updateTranscription"""

    locale: str | None = None
    speech_model_endpoint_id: str | None = None


class ContinuousDtmf(WithCallback, kw_only=True):
    """POST .../{id}:startContinuousDtmfRecognition, :stopContinuousDtmfRecognition"""

    target_participant: Identifier


class SendTones(WithCallback, kw_only=True):
    """POST .../{id}:sendDtmfTones"""

    tones: Annotated[list[Tone], Meta(min_length=1)]
    target_participant: Identifier


class Hold(WithCallback, kw_only=True):
    """POST .../{id}:hold, :unhold"""

    target_participant: Identifier
    play_source_info: PlaySource | None = None


class ChannelAffinity(Wire):
    """Which channel of the recording somebody gets."""

    participant: Identifier
    channel: Annotated[int, Meta(ge=0, le=4)] | None = None


class Storage(Wire):
    """Where the recording goes."""

    recording_storage_kind: Literal["azureCommunicationServices", "azureBlobStorage"]
    recording_destination_container_url: str | None = None


class StartRecording(Wire):
    """POST /calling/recordings"""

    call_locator: CallLocator | None = None
    call_connection_id: str | None = None
    recording_state_callback_uri: str | None = None
    recording_content_type: Literal["audio", "audioVideo"] | None = None
    recording_channel_type: Literal["mixed", "unmixed"] | None = None
    recording_format_type: Literal["wav", "mp3", "mp4"] | None = None
    audio_channel_participant_ordering: Identifiers | None = None
    channel_affinity: list[ChannelAffinity] | None = None
    pause_on_start: bool = False
    external_storage: Storage | None = None

    def __post_init__(self) -> None:
        check_url(self.recording_state_callback_uri, "recordingStateCallbackUri", "http", "https")
        if (self.call_locator is None) == (self.call_connection_id is None):
            raise ValueError("one of callLocator and callConnectionId is needed")
