"""What comes in over the media socket of a call: the caller's audio, keys, and transcripts, handed to the session."""

import logging
from typing import assert_never

from actors.ports.clock import Clock
from actors.session.live_session import LiveSession
from app.server.sockets.fast_path import Message
from app.server.sockets.socket_writer import REFUSED
from app.telephony.acs.call_connection import CallConnection
from app.telephony.acs.participants import CallerVoice
from app.telephony.acs.speaker_audio import SpeakerAudio
from app.telephony.acs.transcription_input import TranscriptionInput
from app.telephony.call import Admission, Call
from app.telephony.errors import UnsupportedRateError
from app.telephony.media.dtmf import Way
from app.telephony.media.resampling import Resampling, to_16_khz
from app.telephony.media.voice_mixer import VoiceMixer
from app.telephony.switchboard import Switchboard
from config.groups.telephony import Participants, Telephony
from protocol.acs.media import (
    AudioFrame,
    AudioMetadata,
    DtmfTone,
    MediaMessage,
    RepairedFrame,
    RepairedMetadata,
    RepairedTranscript,
    TranscriptionMetadata,
    TranscriptionText,
    Unknown,
    decode,
    require_rate,
    strangeness,
)
from protocol.acs.media_fields import MediaProtocolError

log = logging.getLogger(__name__)

_ADMITTED = Admission.ADMITTED
"""The member of the enumeration as a global, which is read faster; it is compared for each frame."""
MAX_WRONG = 100
"""Messages that could not be understood after which a socket that is not proven to be the network's is closed."""
MOST_BEFORE_JSON = 8
"""The most bytes before the first bracket of JSON that is sent as a binary message, in any encoding."""
MOST_FRAME_MS = 200
"""The longest frame in ms that is accepted in the metadata of a stream; a longer one is ignored."""
MOST_CHANNELS = 8
"""The most channels that are told apart in the audio of a stream; of more, all count as one."""


class MediaInput:
    """Gives what comes in over one media socket to the `session` of its call. Belongs to the loop's thread.

    Args:
        settings: whose voices are heard, and at which rate they come.
        clock: times of transcripts.
        switchboard: told of keys, and counts what could not be understood.
        call: the call of the socket.
        connection: closed for too much that could not be understood.
        trusted: the telephone network is at the other end. Such a socket is never closed for what it sends: a caller
            would be cut off for a frame that nobody could read.
    """

    session: LiveSession

    def __init__(
        self,
        settings: Telephony,
        clock: Clock,
        switchboard: Switchboard,
        call: Call,
        connection: CallConnection,
        *,
        trusted: bool,
    ) -> None:
        self._switchboard = switchboard
        self._call = call
        self._connection = connection
        self._trusted = trusted
        self._wrong = 0
        self._mixed = settings.mixed_audio
        self._all_heard = self._mixed or settings.participants is Participants.ALL
        self._voice = CallerVoice(call.caller, call.participants.is_other)
        self._transcripts = TranscriptionInput(call.caller, clock)
        self._channels = 1
        self._stream_at(settings.sample_rate)

    def _stream_at(self, rate_hz: int) -> None:
        """Expect the frames that follow at `rate_hz`, and resample them to the rate of the session if it differs."""
        try:
            self._resampling: Resampling | None = to_16_khz(rate_hz)
        except UnsupportedRateError as error:
            raise MediaProtocolError(f"audioMetadata.sampleRate: {error}") from None
        self._rate_hz = rate_hz
        self._silence = bytes(rate_hz // 50 * 2)
        self._mixer: VoiceMixer | None = None
        self._speakers = SpeakerAudio(self._call.caller, rate_hz)

    def take(self, message: Message) -> None:
        """Decode one message of the media socket and hand its audio, key or transcript to the session."""
        if isinstance(message, bytes):
            self._take_bytes(message)
            return
        try:
            decoded = decode(message)
            if isinstance(decoded, AudioFrame):
                self._audio(decoded)
            else:
                self._take_other(decoded)
        except MediaProtocolError as error:
            self._count_wrong(str(error))
            if not self._trusted and self._wrong >= MAX_WRONG:
                self._connection.close(REFUSED, f"too much that cannot be understood, lately {error}"[:120])

    def _take_bytes(self, message: bytes) -> None:
        """Hand on what a binary message holds if that is JSON; others mean nothing here."""
        if b"{" not in message[:MOST_BEFORE_JSON]:
            self._switchboard.counts.ignored_messages += 1
            return
        try:
            decoded = decode(message)
        except MediaProtocolError:
            self._switchboard.counts.ignored_messages += 1
        else:
            self._take_other(decoded)

    def _take_other(self, decoded: MediaMessage) -> None:
        match decoded:
            case AudioFrame():
                self._audio(decoded)
            case RepairedFrame(frame, defect):
                self._count_wrong(defect)
                self._audio(frame)
            case AudioMetadata():
                self._agree(decoded)
            case RepairedMetadata(metadata, defect):
                self._count_wrong(defect)
                self._agree(metadata)
            case DtmfTone(digit, participant):
                if self._all_heard or self._voice.obeys(participant):
                    self._switchboard.pressed(self._call, Way.SOCKET, digit)
            case RepairedTranscript(transcript, defect):
                self._count_wrong(defect)
                self._transcribed(transcript)
            case TranscriptionText():
                self._transcribed(decoded)
            case TranscriptionMetadata():
                self._transcripts.begins(decoded, self.session)
            case Unknown():
                self._switchboard.counts.ignored_messages += 1
            case _:
                assert_never(decoded)

    def _transcribed(self, transcript: TranscriptionText) -> None:
        if self._call.admitted:
            self._transcripts.transcribed(transcript, self.session)

    def _audio(self, frame: AudioFrame) -> None:
        """Hand on the caller's audio, or everybody's; a frame that holds none is silence of a frame's length.

        Where an access code has to be keyed in first, time passes and nothing is heard: a code that is spoken opens
        nothing, and whoever talks beside the telephone has not tried one.
        """
        spoken = pcm = frame.pcm if self._channels == 1 else _first_channel(frame.pcm, self._channels)
        if frame.silent or self._call.admission is not _ADMITTED or not pcm:
            spoken, pcm = b"", bytes(len(pcm)) or self._silence
        participant = frame.participant
        if participant and not self._mixed:
            if self.session.tells_speakers_apart:
                self._speakers.push(self.session, participant, pcm)
                return
            if self._all_heard:
                pcm = self._added_up(participant, pcm)
            elif participant != self._voice.known and not self._voice.take_frame(
                participant, spoken, len(pcm) * 500 / self._rate_hz
            ):
                return
        if self._resampling is not None:
            pcm = self._resampling.push(pcm)
        if pcm:
            self.session.push_audio(pcm)

    def _added_up(self, participant: str, pcm: bytes) -> bytes:
        if self._mixer is None:
            self._mixer = VoiceMixer(self._rate_hz)
        return self._mixer.push(participant, pcm)

    def _agree(self, metadata: AudioMetadata) -> None:
        """Hear and speak at the rate that the network announces, which is the ordered one unless another worker, or
        another configuration, ordered it.
        """
        require_rate(metadata)
        if metadata.sample_rate != self._rate_hz:
            self._stream_at(metadata.sample_rate)
            self._connection.send_at(metadata.sample_rate)
        if strange := strangeness(metadata):
            self._count_wrong(strange)
        self._channels = metadata.channels if 0 < metadata.channels <= MOST_CHANNELS else 1
        length = metadata.length // self._channels
        if length % 2 == 0 and 0 < length <= MOST_FRAME_MS * self._rate_hz // 500:
            self._silence = bytes(length)

    def _count_wrong(self, defect: str) -> None:
        """Count a message with something wrong in it; the first of a socket is logged."""
        self._wrong += 1
        self._switchboard.counts.defective_messages += 1
        if self._wrong == 1:
            log.warning("a media socket has sent a defective message: %s", defect)


def _first_channel(pcm: bytes, channels: int) -> bytes:
    """The first of several interleaved channels of 16-bit samples."""
    whole = len(pcm) // (2 * channels) * 2 * channels
    return memoryview(pcm[:whole]).cast("h")[::channels].tobytes()
