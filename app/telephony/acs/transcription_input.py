"""Hands transcripts that ACS makes of a call to its session: speaker, language, and position in the call."""

from actors.conversation import SpokenWord
from actors.messages.transcript import FinalTranscript, InterimTranscript
from actors.ports.clock import Clock
from actors.session.live_session import LiveSession
from app.telephony.acs.participants import same_participant
from protocol.acs.media import TranscriptionMetadata, TranscriptionText
from protocol.acs.transcription_offsets import offset_ms


class TranscriptionInput:
    """The transcripts of one socket.

    Args:
        caller: the caller's raw id or telephone number, empty if it is not known.
        clock: tells how far the call is when the network begins to transcribe it anew.
    """

    __slots__ = ("_begins_ms", "_caller", "_clock", "_locale")

    def __init__(self, caller: str, clock: Clock) -> None:
        self._caller = caller
        self._clock = clock
        self._locale = ""
        self._begins_ms: float | None = None

    def begins(self, metadata: TranscriptionMetadata, session: LiveSession) -> None:
        """Note that the network transcribes from now on, in this language."""
        self._locale = metadata.locale
        self._begins_ms = self._elapsed_ms(session)

    def transcribed(self, said: TranscriptionText, session: LiveSession) -> None:
        """Tell the session what was understood; what holds no words is nothing."""
        text = said.text.strip()
        if not text:
            return
        if self._begins_ms is None:
            self._begins_ms = self._elapsed_ms(session)
        start_ms = self._place(said.offset, session)
        end_ms = start_ms + max(0, said.duration) / 10_000
        is_caller = same_participant(said.participant, self._caller)
        speaker = session.speakers.label(said.participant, is_caller=is_caller)
        if not said.final:
            session.deliver(InterimTranscript(text, start_ms, end_ms, speaker, self._locale))
            return
        session.deliver(
            FinalTranscript(
                text=text,
                start_ms=start_ms,
                end_ms=end_ms,
                confidence=1.0 if said.confidence is None else min(1.0, max(0.0, said.confidence)),
                speaker=speaker,
                language=self._locale,
                words=tuple(self._word(word.text, word.offset, word.duration, session) for word in said.words),
            )
        )

    def _word(self, text: str, offset: int, duration: int, session: LiveSession) -> SpokenWord:
        start_ms = self._place(offset, session)
        return SpokenWord(text, start_ms, start_ms + max(0, duration) / 10_000)

    def _place(self, offset: int, session: LiveSession) -> float:
        assert self._begins_ms is not None
        return offset_ms(offset, begins_ms=self._begins_ms, created_at=session.checkpoint.created_at)

    def _elapsed_ms(self, session: LiveSession) -> float:
        """How long the session has lasted; nothing has been transcribed of one that begins, and it begins at 0."""
        if session.checkpoint.turn_number == 0:
            return 0.0
        return max(0.0, self._clock.wall() - session.checkpoint.created_at) * 1_000
