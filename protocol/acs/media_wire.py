"""The messages of the media and transcription sockets as Azure Communication Services spells them.

For documents and clients of the socket: `media.py` reads these and many variants without a Struct for each.
"""

from typing import Literal

import msgspec


class MetadataBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The format of the audio. `sample_rate` in Hz, `length` in bytes of one frame."""

    subscription_id: str = ""
    encoding: Literal["PCM"] = "PCM"
    sample_rate: Literal[16000, 24000] = 16000
    channels: Literal[1] = 1
    length: int = 640


class AudioMetadataMessage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The first message of the media socket: the format of the audio that follows."""

    kind: Literal["AudioMetadata"] = "AudioMetadata"
    audio_metadata: MetadataBody


class AudioBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Audio of the caller, PCM16LE mono. A silent frame lasts as long as its bytes say."""

    data: bytes
    timestamp: str = ""
    participant_raw_id: str = msgspec.field(default="", name="participantRawID")
    silent: bool = False


class AudioDataMessage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A frame of the caller's audio, usually 20 ms."""

    kind: Literal["AudioData"] = "AudioData"
    audio_data: AudioBody


class DtmfBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A key: one of 0-9 * # A-D, or its name, such as `five` or `pound`."""

    data: str


class DtmfDataMessage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The caller has pressed a key."""

    kind: Literal["DtmfData"] = "DtmfData"
    dtmf_data: DtmfBody


class TranscriptionMetadataBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Which call is transcribed, and in which language."""

    subscription_id: str
    locale: str
    call_connection_id: str
    correlation_id: str


class TranscriptionMetadataMessage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The first message of the transcription socket."""

    kind: Literal["TranscriptionMetadata"] = "TranscriptionMetadata"
    transcription_metadata: TranscriptionMetadataBody


class TranscribedWordBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A word; offset and duration in ticks of 100 ns."""

    text: str
    offset: int
    duration: int


class TranscriptionBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What was understood; offset and duration in ticks of 100 ns."""

    text: str
    format: str = "display"
    confidence: float | None = None
    offset: int = 0
    duration: int = 0
    words: tuple[TranscribedWordBody, ...] = ()
    participant_raw_id: str = msgspec.field(default="", name="participantRawID")
    result_status: Literal["Intermediate", "Final"] = "Final"


class TranscriptionDataMessage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Words that the network's own recognizer has understood."""

    kind: Literal["TranscriptionData"] = "TranscriptionData"
    transcription_data: TranscriptionBody


class OutboundAudio(msgspec.Struct, frozen=True, rename="pascal"):
    """Audio to be heard, PCM16LE mono."""

    data: bytes


class OutboundAudioMessage(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """A frame for the caller to hear, 20 ms unless the settings say 40."""

    kind: Literal["AudioData"] = "AudioData"
    audio_data: OutboundAudio
    stop_audio: None = None


class Nothing(msgspec.Struct, frozen=True):
    """An object that has no fields, as ACS wants one."""


class StopAudioMessage(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """Drop audio that was sent and has not been heard yet."""

    kind: Literal["StopAudio"] = "StopAudio"
    audio_data: None = None
    stop_audio: Nothing = Nothing()


MediaInput = (
    AudioMetadataMessage | AudioDataMessage | DtmfDataMessage | TranscriptionMetadataMessage | TranscriptionDataMessage
)
MediaOutput = OutboundAudioMessage | StopAudioMessage
