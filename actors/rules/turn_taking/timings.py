"""The times of the turn in hand, as they are shown when it is over.

Two rules go by them: words that came before `heard_from` were said to an agent that was thinking, and those of voice
that began in a pause, to one that had fallen silent.
"""

import msgspec

from actors.messages.output import TurnMeasured


class Timings(msgspec.Struct, kw_only=True):
    """When things happened in the turn in hand, in seconds of the session's clock."""

    asked_at: float | None = None
    first_audio_at: float | None = None
    heard_from: float | None = None
    """When the reply has begun to be heard, or has gone on after the caller had heard all that was written of it."""
    went_on_at: float | None = None
    """When playback has gone on after a pause for voice that was nothing."""
    is_into_pause: bool = False
    """Whether the caller's last voice began while playback was paused for voice before it, or just afterwards."""
    onset_at: float | None = None
    paused_at: float | None = None
    decided_at: float | None = None
    silenced_at: float | None = None
    """When playback had fallen silent, which may be long before it is stopped for good; None while it has not."""
    heard_ms: float = 0.0

    @property
    def is_worth_showing(self) -> bool:
        """Whether anything of the turn was heard or cut."""
        return self.first_audio_at is not None or self.decided_at is not None

    def shown(self, turn: int, silent_at: float | None) -> TurnMeasured:
        """The times in ms, for playback that was silent at `silent_at`."""
        return TurnMeasured(
            turn=turn,
            first_audio_ms=_ms_between(self.asked_at, self.first_audio_at),
            onset_to_pause_ms=_ms_between(self.onset_at, self.paused_at),
            onset_to_decision_ms=_ms_between(self.onset_at, self.decided_at),
            decision_to_silence_ms=_ms_between(self.decided_at, silent_at),
            heard_ms=self.heard_ms,
            interrupted=self.decided_at is not None,
        )


def _ms_between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None or end < start else (end - start) * 1000
