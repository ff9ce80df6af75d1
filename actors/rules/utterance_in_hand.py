"""What one speaker is saying in a session that only listens: what is owed of it, and what was told of it already. Pure.

Times are in seconds of the session's clock, positions in ms of the speaker's audio.
"""

import msgspec

from actors.messages.transcript import FinalTranscript, InterimTranscript

AUDIO_WAIT_S = 1.0
"""Seconds without a frame in mid-utterance after which the transport counts as stopped."""
TRANSCRIPT_WAIT_S = 3.0
"""Seconds after the end of an utterance within which its final transcript is due: Azure answers within two at the 99th
percentile."""

MOST_TOLD = 16
"""How many of the latest final transcripts of a speaker may arrive in another order than they were said."""


class UtteranceInHand(msgspec.Struct, kw_only=True):
    """What one speaker is saying, or has said without its final transcript having come."""

    audio_at: float | None = None
    """When audio of the utterance came last; None while the speaker is silent."""
    awaited_at: float | None = None
    """Since when the final transcript is owed; None while it is not."""
    awaited_start_ms: float = 0.0
    """Where the utterance begins whose final transcript is owed, in ms of the speaker's audio."""
    interim: InterimTranscript | None = None
    """The latest interim transcript of the utterance."""
    is_reopened: bool = False
    """Whether the recognizer was given a second chance to recognise the utterance whose final transcript is owed."""
    told: tuple[tuple[float, float], ...] = ()
    """Where the last `MOST_TOLD` final transcripts begin and end, in ms of the speaker's audio."""

    @property
    def audio_due(self) -> float | None:
        """By when more audio has to come; None while the speaker is silent."""
        return self.audio_at + AUDIO_WAIT_S if self.audio_at is not None else None

    @property
    def transcript_due(self) -> float | None:
        """By when the final transcript has to come; None while it is not owed, or the speaker goes on."""
        if self.awaited_at is None or self.audio_at is not None:
            return None
        return self.awaited_at + TRANSCRIPT_WAIT_S

    @property
    def has_current_interim(self) -> bool:
        """Whether there is an interim transcript, and it is of the utterance that is awaited, not of one before it."""
        return self.interim is not None and not 0 < self.interim.end_ms <= self.awaited_start_ms

    def over(self, at: float) -> None:
        """Note that the utterance has ended: its final transcript is owed from `at` on."""
        self.audio_at, self.awaited_at = None, at

    def settle(self) -> None:
        """Note that nothing is owed any more for the utterance."""
        self.awaited_at, self.interim, self.is_reopened = None, None, False

    def take(self, final: FinalTranscript) -> bool:
        """Note a final transcript; False if it was told before.

        What was told comes again from a stream that was opened anew, or that was lost in between. The final transcript
        of an utterance before the one that is awaited leaves that one owed.
        """
        if not 0 < final.end_ms <= self.awaited_start_ms:
            self.settle()
        if final.end_ms > 0:
            if self._was_told(final):
                return False
            self.told = (*self.told, (final.start_ms, final.end_ms))[-MOST_TOLD:]
        return True

    def _was_told(self, final: FinalTranscript) -> bool:
        """Whether most of this part of the audio was told before; that later audio was told does not mean it was."""
        if final.end_ms > max((end_ms for _, end_ms in self.told), default=0.0):
            return False
        is_long_ago = len(self.told) == MOST_TOLD and final.end_ms <= min(start_ms for start_ms, _ in self.told)
        shared = ((max(start_ms, final.start_ms), min(end_ms, final.end_ms)) for start_ms, end_ms in self.told)
        overlap_ms = sum(max(0.0, end_ms - start_ms) for start_ms, end_ms in shared)
        return is_long_ago or 2 * overlap_ms >= final.end_ms - final.start_ms


def as_final(interim: InterimTranscript) -> FinalTranscript:
    """An interim transcript in place of a final one that does not come."""
    return FinalTranscript(
        text=interim.text,
        start_ms=interim.start_ms,
        end_ms=interim.end_ms,
        speaker=interim.speaker,
        language=interim.language,
    )
