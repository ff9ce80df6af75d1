"""The events of Call Automation's callbacks, one Struct for each type; `call_event_decoding.py` reads them.

What the service adds tomorrow passes: unknown fields are ignored, absent ones have defaults, statuses are plain text.
"""

import msgspec

from protocol.acs.dtmf import digit
from protocol.acs.participants import CallParticipant, Identifier


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
    """What every event of a call says. `event_id` and `time` (ISO 8601) are the CloudEvent's.

    `defect`: what is wrong with the first field that was left out since it cannot be read, empty for nothing.
    """

    call_connection_id: str = ""
    server_call_id: str = ""
    correlation_id: str = ""
    operation_context: str | None = None
    result: Result | None = msgspec.field(default=None, name="resultInformation")
    event_id: str = ""
    time: str = ""
    defect: str = ""


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
    """Who is on the call; it may come before `CallConnected`, and its numbers skip and may begin anew."""

    sequence_number: int | None = None
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
"""The Struct of each type of event, by the type's name without `Microsoft.Communication.`."""

OF_A_SERVER_CALL = (RecordingStateChanged, StartRecordingFailed)
"""Events that may come without a call connection id: they name the server call instead."""
