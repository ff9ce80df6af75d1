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
        """Where the last utterance that was not noise began, in ms of the audio; None if there is none."""
        self.is_inherited = track.final_owed
        """Whether a former recognizer owed the final of an utterance, which may be over: only the engine can tell."""

    def owe(self, onset_ms: float) -> None:
        """Expect the final transcript of an utterance that has begun at `onset_ms` of the audio."""
        self._begun_ms = onset_ms
        self._track.mark_final_owed(is_owed=True)

    def forget_noise(self) -> None:
        """Expect no final of what had begun, since it was noise; one that a former recognizer left is still owed."""
        self._begun_ms = None
        self._track.mark_final_owed(is_owed=self.is_inherited)

    def settle(self, end_ms: float, end_bytes: int, *, is_speaking: bool) -> None:
        """Settle the final of what was said up to `end_ms`, which is byte `end_bytes` of the audio.

        `is_speaking`: an utterance is in hand. An engine may cut it in two, and owes the rest of it too.
        """
        self.is_inherited = False
        # A final that comes late leaves that of the utterance owed which has begun meanwhile.
        begun_behind = self._begun_ms is not None and self._begun_ms >= end_ms
        self._track.mark_final_owed(is_owed=begun_behind or is_speaking)
        self._track.settle_audio(end_bytes)

    def give_up(self, end_bytes: int) -> None:
        """Expect no final any more of what was said before byte `end_bytes` of the audio."""
        self.is_inherited = False
        self._track.mark_final_owed(is_owed=False)
        self._track.settle_audio(end_bytes)
