"""The media and transcription sockets of Azure Communication Services: what they send and what they are sent.

Fifty frames a second arrive for each call, so a frame spelled exactly as ACS spells it is one typed decode; whatever
else clients send (keys in another case, a bare `payload`, older betas) takes the tolerant path.
"""

from enum import StrEnum
from typing import Literal

import msgspec
from pybase64 import b64decode, b64encode_as_string

from protocol.acs.dtmf import digit
from protocol.acs.media_fields import Defects, MediaFields, MediaProtocolError
from protocol.acs.tolerant_base64 import Base64Error, decode_base64
from protocol.tolerant_json import JsonError, decode_json

LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 8_000, 48_000
"""The sample rates of telephony lie between these; ACS documents 16,000 and 24,000."""
PCM_NAMES = ("pcm", "l16", "linear16", "s16le", "raw")
"""What the name of an encoding begins with, ends with or contains that is 16-bit PCM, in lower case."""
DIGITS = "0123456789*#ABCD"
MAX_KIND_CHARS = 64
MAX_WORDS = 2_000
"""Words of one transcript that are read; the others are left out, for no utterance has more."""


class AudioMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """The format of the audio that follows, as the service announces it once for each socket."""

    encoding: str = "PCM"
    sample_rate: int = 16_000
    """The sample rate in Hz."""
    channels: int = 1
    length: int = 640
    """The size of one frame in bytes."""
    subscription_id: str = ""


class RepairedMetadata(msgspec.Struct, frozen=True):
    """A format of which a field beside the sample rate cannot be read, and what is wrong with it: the rate counts."""

    metadata: AudioMetadata
    defect: str


class AudioFrame(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Audio of the caller, PCM16LE mono, of any whole number of samples.

    A silent frame still lasts as long as its bytes say, and those bytes need not be zero. A frame without any bytes
    lasts as long as the stream's frames usually do.
    """

    pcm: bytes = b""
    silent: bool = False
    participant: str = ""
    """The raw id of who speaks; empty where ACS names no single speaker."""
    timestamp: str | int | float = ""
    """The time stamp as it was sent: ISO 8601 from ACS, a number from some clients."""


class RepairedFrame(msgspec.Struct, frozen=True):
    """A frame with something wrong in it, and what could be made of it: time must pass for every frame."""

    frame: AudioFrame
    defect: str
    """Names the field and what is wrong with it, never what it held."""


class DtmfTone(msgspec.Struct, frozen=True):
    """A participant of the call has pressed a key."""

    digit: str
    """The key that was pressed: one of 0-9 * # A-D."""
    participant: str = ""
    """The raw id of who pressed the key; empty where ACS does not tell."""


class TranscriptionMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """Which call the transcripts that follow are of, and in which language."""

    subscription_id: str = ""
    locale: str = ""
    call_connection_id: str = ""
    correlation_id: str = ""


class TranscribedWord(msgspec.Struct, frozen=True):
    """A word that the service understood; offset and duration in ticks of 100 ns."""

    text: str
    offset: int
    duration: int


class TranscriptionText(msgspec.Struct, frozen=True, kw_only=True):
    """What the service understood; offset and duration in ticks of 100 ns."""

    text: str
    confidence: float | None
    offset: int
    duration: int
    participant: str
    final: bool
    words: tuple[TranscribedWord, ...] = ()


class RepairedTranscript(msgspec.Struct, frozen=True):
    """A transcript with something wrong in it, and what of it can be read: what somebody said is not lost for that."""

    transcript: TranscriptionText
    defect: str
    """What was wrong with the message: the field and the reason, never the value."""


class Unknown(msgspec.Struct, frozen=True):
    """A message of a kind that is not known here; to be counted and ignored."""

    kind: str


MediaMessage = (
    AudioMetadata
    | RepairedMetadata
    | AudioFrame
    | RepairedFrame
    | DtmfTone
    | TranscriptionMetadata
    | TranscriptionText
    | RepairedTranscript
    | Unknown
)


class _AudioData(msgspec.Struct, gc=False, rename={"participant": "participantRawID"}):
    """As an `AudioFrame`, before its base64 is read: pybase64 does that in a tenth of the steps that msgspec takes."""

    data: str = ""
    silent: bool = False
    participant: str = ""
    timestamp: str | int | float = ""


class _AudioMessage(msgspec.Struct, gc=False, rename={"audio": "audioData"}):
    kind: Literal["AudioData"]
    audio: _AudioData


_decode_audio_message = msgspec.json.Decoder(_AudioMessage).decode


def decode(message: str | bytes) -> MediaMessage:
    """Read a message of the media or transcription socket.

    Raises:
        MediaProtocolError: it is no JSON object, or a field is missing or wrong; names the field.
    """
    try:
        audio = _decode_audio_message(message).audio
        pcm = b64decode(audio.data, validate=True)
    except (ValueError, RecursionError):
        return _decode_tolerantly(message)
    frame = AudioFrame(pcm=pcm, silent=audio.silent, participant=audio.participant, timestamp=audio.timestamp)
    return frame if len(pcm) % 2 == 0 else _whole_samples(frame)


def require_rate(metadata: AudioMetadata) -> None:
    """Let audio of a sample rate pass that a telephone network may use.

    Raises:
        MediaProtocolError: it is no such rate.
    """
    if not LOWEST_RATE_HZ <= metadata.sample_rate <= HIGHEST_RATE_HZ:
        wanted = f"only {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} are supported"
        raise MediaProtocolError(f"audioMetadata.sampleRate: {wanted}, got {metadata.sample_rate}")


def strangeness(metadata: AudioMetadata) -> str:
    """What of a format is not as ordered, 16-bit PCM of one channel; empty for nothing.

    No call is given up for it: its audio is taken as it was ordered, and of several channels the first is heard.
    """
    if not any(name in metadata.encoding.lower() for name in PCM_NAMES):
        return f"audioMetadata.encoding: only PCM is supported, got {metadata.encoding[:32]!r}"
    if metadata.channels != 1:
        return f"audioMetadata.channels: only 1 is supported, got {metadata.channels}"
    return ""


def _whole_samples(frame: AudioFrame) -> AudioFrame | RepairedFrame:
    if not len(frame.pcm) & 1:
        return frame
    whole = msgspec.structs.replace(frame, pcm=frame.pcm[:-1])
    return RepairedFrame(whole, f"audioData.data: {len(frame.pcm)} bytes are no whole number of 16-bit samples")


def _decode_tolerantly(message: str | bytes) -> MediaMessage:
    try:
        decoded = decode_json(message)
    except JsonError as error:
        raise MediaProtocolError(f"message: {error}") from error
    if not isinstance(decoded, dict):
        raise MediaProtocolError("message: expected an object")
    body = MediaFields("", decoded)
    kind = body.text("kind")
    match kind.lower():
        case "audiodata":
            return _audio(body)
        case "audiometadata":
            return _metadata(body.payload("audioMetadata"))
        case "dtmfdata":
            return _dtmf(body.payload("dtmfData"))
        case "transcriptiondata":
            return _transcription(body.payload("transcriptionData"))
        case "transcriptionmetadata":
            fields = body.payload("transcriptionMetadata")
            return TranscriptionMetadata(
                subscription_id=fields.text("subscriptionId", default=""),
                locale=fields.text("locale", default=""),
                call_connection_id=fields.text("callConnectionId", default=""),
                correlation_id=fields.text("correlationId", default=""),
            )
        case _:
            return Unknown(kind[:MAX_KIND_CHARS])


def _audio(body: MediaFields) -> AudioFrame | RepairedFrame:
    """A frame, whatever is wrong with it: a field that cannot be read costs the frame that field."""
    defects = Defects()
    unknown: str | int | float = ""

    def pcm() -> bytes:
        try:
            decoded, defect = decode_base64(fields.text("data", default=""))
        except Base64Error:
            raise fields.wrong("data", "not base64") from None
        if defect:
            defects.add(f"audioData.data: {defect}")
        return decoded

    fields = defects.of(lambda: body.payload("audioData"), MediaFields("audioData.", {}))
    frame = _whole_samples(
        AudioFrame(
            pcm=defects.of(pcm, b""),
            silent=defects.of(lambda: fields.flag("silent"), False),
            participant=defects.of(lambda: fields.text("participantRawID", "participant", default=""), ""),
            timestamp=defects.of(lambda: fields.time("timestamp"), unknown),
        )
    )
    if isinstance(frame, RepairedFrame):
        defects.add(frame.defect)
        frame = frame.frame
    return RepairedFrame(frame, defects.first) if defects.first else frame


def _metadata(fields: MediaFields) -> AudioMetadata | RepairedMetadata:
    sample_rate, defects = fields.whole_or_text("sampleRate", "rate"), Defects()
    usual = sample_rate // 50 * 2
    metadata = AudioMetadata(
        encoding=defects.of(lambda: fields.text("encoding", "format", default="PCM"), "PCM"),
        sample_rate=sample_rate,
        channels=defects.of(lambda: fields.whole_or_text("channels", default=1), 1),
        length=defects.of(lambda: fields.whole_or_text("length", default=usual), usual),
        subscription_id=defects.of(lambda: fields.text("subscriptionId", default=""), ""),
    )
    return RepairedMetadata(metadata, defects.first) if defects.first else metadata


def _dtmf(fields: MediaFields) -> DtmfTone:
    """A key as it stands on the keypad, as text or a number, or as events name it ("five", "pound").

    Who pressed it is not known where that cannot be read: the key counts.
    """
    try:
        key = digit(fields.text_or_whole("data").strip())
    except ValueError:
        raise fields.wrong("data", "expected one of 0-9 * # A-D, or its name") from None
    try:
        participant = fields.text("participantRawID", "participant", default="")
    except MediaProtocolError:
        participant = ""
    return DtmfTone(key, participant)


def _words(fields: MediaFields) -> tuple[TranscribedWord, ...]:
    """The words of a transcript; those that are no such objects are left out."""
    words = []
    for value in fields.items("words")[:MAX_WORDS]:
        try:
            word = MediaFields("transcriptionData.words.", value)
            offset, duration = word.whole("offset", default=0), word.whole("duration", default=0)
            words.append(TranscribedWord(word.text("text"), offset, duration))
        except MediaProtocolError:
            continue
    return tuple(words)


def _transcription(fields: MediaFields) -> TranscriptionText | RepairedTranscript:
    """What was said, also where it cannot be read how sure that is, or where in the call."""
    defects = Defects()
    unknown: float | None = None
    said = TranscriptionText(
        text=fields.text("text"),
        confidence=defects.of(lambda: fields.number("confidence"), unknown),
        offset=defects.of(lambda: fields.whole("offset", "offsetInTicks", default=0), 0),
        duration=defects.of(lambda: fields.whole("duration", "durationInTicks", default=0), 0),
        participant=defects.of(lambda: fields.text("participantRawID", "participant", default=""), ""),
        final=fields.text("resultStatus", "resultState").lower() == "final",
        words=_words(fields),
    )
    return RepairedTranscript(said, defects.first) if defects.first else said


# to ACS


class OutboundCase(StrEnum):
    """How keys are spelled: as Microsoft documents, or as some older clients look for them."""

    PASCAL = "pascal"
    CAMEL = "camel"


_AUDIO = {
    OutboundCase.PASCAL: ('{"Kind":"AudioData","AudioData":{"Data":"', '"},"StopAudio":null}'),
    OutboundCase.CAMEL: ('{"kind":"AudioData","audioData":{"data":"', '"},"stopAudio":null}'),
}
_STOP = {
    OutboundCase.PASCAL: '{"Kind":"StopAudio","AudioData":null,"StopAudio":{}}',
    OutboundCase.CAMEL: '{"kind":"StopAudio","audioData":null,"stopAudio":{}}',
}


def audio_message(pcm: bytes, case: OutboundCase = OutboundCase.PASCAL) -> str:
    """Write audio to be heard, PCM16LE mono at the rate of the metadata. Base64 needs no escaping, so no encoder is
    run.
    """
    head, tail = _AUDIO[case]
    return f"{head}{b64encode_as_string(pcm)}{tail}"


def stop_message(case: OutboundCase = OutboundCase.PASCAL) -> str:
    """Write the order to drop audio that was sent and has not been heard yet."""
    return _STOP[case]
