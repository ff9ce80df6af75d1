"""Voice activity detection (VAD): how likely a short window of audio is speech."""

from collections.abc import Callable
from typing import Protocol


class VoiceActivity(Protocol):
    """A voice activity detector for one session: stateful, synchronous, at most about a millisecond a window."""

    rate_hz: int
    window_samples: int

    def probability(self, window: bytes) -> float:
        """How likely (0 to 1) `window` (PCM16LE mono, exactly `window_samples` long) contains speech."""
        ...

    def reset(self) -> None:
        """Forget all audio heard so far, as at the beginning of a session."""
        ...


VoiceActivityFactory = Callable[[], VoiceActivity]
