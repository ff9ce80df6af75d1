"""The audio of each participant of an unmixed call by itself, for a session that tells them apart."""

from actors.rules.audio import level_db
from actors.rules.speakers import OTHERS, Speakers
from actors.session.live_session import LiveSession
from app.telephony.acs.participants import VOICED_DB, same_participant
from app.telephony.media.resampling import Resampling, to_16_khz
from app.telephony.media.voice_mixer import VoiceMixer


class SpeakerAudio:
    """Gives the audio of each participant of one media socket to the session, by itself.

    Args:
        caller: the caller's raw id or telephone number, empty if it is not known.
        rate_hz: sample rate of the frames.
    """

    __slots__ = ("_caller", "_mixer", "_rate_hz", "_resampling")

    def __init__(self, caller: str, rate_hz: int) -> None:
        self._caller = caller
        self._rate_hz = rate_hz
        self._resampling: dict[str, Resampling | None] = {}
        self._mixer: VoiceMixer | None = None

    def push(self, session: LiveSession, participant: str, pcm: bytes) -> None:
        """Hand one participant's frame, PCM16LE mono, to the session; those who are too many are heard as one."""
        speaker = self._label(session.speakers, participant, pcm)
        if speaker == OTHERS:
            self._mixer = self._mixer or VoiceMixer(self._rate_hz)
            pcm = self._mixer.push(participant, pcm)
        if speaker not in self._resampling:
            self._resampling[speaker] = to_16_khz(self._rate_hz)
        resampling = self._resampling[speaker]
        if resampling is not None:
            pcm = resampling.push(pcm)
        if pcm:
            session.push_audio_of(speaker, pcm)

    def _label(self, speakers: Speakers, participant: str, pcm: bytes) -> str:
        # A speaker who is heard among the others and is speaking stays there: else each half of a word would be heard
        # alone.
        if speakers.is_among_others(participant) and level_db(pcm) >= VOICED_DB:
            return OTHERS
        return speakers.label(participant, is_caller=same_participant(participant, self._caller))
