"""How much of what a caller sends may be speech, as far as that can be told by loudness alone. Pure."""

from collections import deque

from actors.rules.audio import level_db

WINDOW_MS = 20
QUIETEST_DB = -45.0
"""The level in dB below full scale under which nothing is speech, however quiet the line."""
ABOVE_NOISE_DB = 9.0
"""By how many dB speech is louder than the noise; white noise varies by less than 4 dB."""
NOISE_WINDOWS = 80
"""How many windows of audio, 1.6 s, the noise behind a voice is found in: a speaker pauses once in them, and the
quietest one is noise."""


class Loudness:
    """Follows how loud one stream of PCM16LE mono is, frame by frame."""

    def __init__(self, rate_hz: int) -> None:
        self._window_bytes = rate_hz * WINDOW_MS // 1000 * 2
        self._recent: deque[float] = deque(maxlen=NOISE_WINDOWS)

    def loud_ms(self, pcm: bytes) -> float:
        """How much of `pcm`, which follows what was given before, stands out."""
        loud_ms = 0.0
        for at in range(0, len(pcm), self._window_bytes):
            window = pcm[at : at + self._window_bytes]
            level = level_db(window)
            self._recent.append(level)
            # Asked in this order: on a quiet line the noise need not be looked for.
            if level >= QUIETEST_DB and level >= min(self._recent) + ABOVE_NOISE_DB:
                loud_ms += WINDOW_MS * len(window) / self._window_bytes
        return loud_ms
