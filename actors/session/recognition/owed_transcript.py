"""Whether the final transcript of a speaker is owed: from when they begin to speak until it has come."""

from actors.session.recognition.audio_track import AudioTrack


class OwedTranscript:
    """Keeps in the checkpoint what the engine owes of one speaker, so that a new recognizer hears just that again.

    Args:
        track: the speaker's, in the checkpoint.
    """

    __slots__ = ("_begun_ms", "_track", "is_inherited")

    def __init__(self, track: AudioTrack) -> None:
        self._track = track
        self._begun_ms: float | None = None
        """Where the last utterance began that was no noise."""
        self.is_inherited = track.final_owed
        """A former recognizer owed the final of an utterance, which may be over: only the engine can say."""

    def begun(self, onset_ms: float) -> None:
        """Note that an utterance has begun at `onset_ms` of the audio: its final is owed."""
        self._begun_ms = onset_ms
        self._track.final_transcript_owed(is_owed=True)

    def was_noise(self) -> None:
        """Note that what had begun is no utterance: nothing is owed but what a former recognizer has left."""
        self._begun_ms = None
        self._track.final_transcript_owed(is_owed=self.is_inherited)

    def came(self, end_ms: float, end_bytes: int) -> None:
        """Note that the final of what was said up to `end_ms`, which is byte `end_bytes` of the audio, has come."""
        self.is_inherited = False
        # A final that comes late leaves that of the utterance owed which has begun meanwhile.
        self._track.final_transcript_owed(is_owed=self._begun_ms is not None and self._begun_ms >= end_ms)
        self._track.audio_settled(end_bytes)

    def given_up(self, end_bytes: int) -> None:
        """Note that nobody waits for what was said before byte `end_bytes` of the audio any more."""
        self.is_inherited = False
        self._track.final_transcript_owed(is_owed=False)
        self._track.audio_settled(end_bytes)
