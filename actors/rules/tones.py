"""Finds a steady tone in audio, such as the beep of an answering machine. Pure.

For a sine of the angular frequency w each sample is half of the sum of its neighbours, divided by cos w. How well one w
fits all samples of a window says how narrow the window's spectrum is: a few hertz for a tone, hundreds for speech, for
the two tones of a telephone key, and for noise. So there is a tone where the fit stays narrow, at one frequency and one
level, for as long as no voice keeps all three.
"""

import math
from array import array
from operator import mul

import msgspec

from actors.rules.audio import FULL_SCALE, samples_of

ANALYSIS_HZ = 4_000
"""Audio is averaged down to this rate: tones on the telephone lie far below half of it."""
LEAST_HZ, MOST_HZ = 380.0, 1_750.0
"""The frequencies of beeps; the fundamental of a voice lies below."""
LEAST_DB = -42.0
"""The level of the softest tone that counts, in dB below full scale; a beep is about as loud as speech."""
NARROW_HZ = 70.0
"""The largest width of a tone's spectrum in Hz, its standard deviation; this leaves room for noise 20 dB below it."""
DRIFT = 0.02
"""The share by which the frequency of one tone may differ from that in its first window."""
LEVEL_DB = 5.0
"""The dB by which the level of one tone may differ from its loudest window's; its first and last are often softer."""
LEAST_MS = 180.0
"""The shortest tone in ms; shorter ones are clicks, or vowels that happen to be pure."""
WINDOW_MS = 40.0


class ToneHeard(msgspec.Struct, frozen=True):
    """A tone that is over: where in the audio it ended, how long it lasted, and its frequency."""

    end_ms: float
    duration_ms: float
    frequency_hz: float


class ToneDetector:
    """Finds the tones in one stream of audio, PCM16LE mono at `rate_hz`, a multiple of 4,000."""

    def __init__(self, rate_hz: int) -> None:
        if rate_hz % ANALYSIS_HZ:
            raise ValueError(f"tones are found at multiples of {ANALYSIS_HZ} Hz, not at {rate_hz}")
        self._factor = rate_hz // ANALYSIS_HZ
        self._window = int(ANALYSIS_HZ * WINDOW_MS / 1000)
        self._rest = array("h")
        self._samples: list[float] = []
        self._at_ms = 0.0
        self._frequency_hz = 0.0
        self._loudest_db = 0.0
        self._lasts_ms = 0.0

    def process(self, pcm: bytes, begin_ms: float) -> ToneHeard | None:
        """Take the next audio, which begins at `begin_ms`; the tone that ended in it, if one did."""
        pending_ms = (len(self._samples) * self._factor + len(self._rest)) * 1000 / (ANALYSIS_HZ * self._factor)
        self._at_ms = begin_ms - pending_ms
        self._rest.extend(samples_of(pcm))
        whole = len(self._rest) - len(self._rest) % self._factor
        groups = [iter(self._rest[:whole])] * self._factor
        self._samples.extend(sum(group) / self._factor for group in zip(*groups, strict=True))
        self._rest = self._rest[whole:]
        heard = None
        while len(self._samples) >= self._window:
            window, self._samples = self._samples[: self._window], self._samples[self._window :]
            heard = self._judge(window) or heard
            self._at_ms += WINDOW_MS
        return heard

    def _judge(self, window: list[float]) -> ToneHeard | None:
        level_db, frequency_hz = _tone_in(window)
        goes_on = (
            frequency_hz > 0
            and abs(frequency_hz - self._frequency_hz) <= DRIFT * self._frequency_hz
            and abs(level_db - self._loudest_db) <= LEVEL_DB
        )
        if goes_on:
            self._lasts_ms += WINDOW_MS
            self._loudest_db = max(self._loudest_db, level_db)
            return None
        over = None
        if self._lasts_ms >= LEAST_MS:
            over = ToneHeard(self._at_ms, self._lasts_ms, self._frequency_hz)
        self._frequency_hz, self._loudest_db = frequency_hz, level_db
        self._lasts_ms = WINDOW_MS if frequency_hz else 0.0
        return over


def _tone_in(window: list[float]) -> tuple[float, float]:
    """The level of a window in dB below full scale, and the frequency of the tone that it is; 0 if it is none."""
    middle, before, after = window[1:-1], window[:-2], window[2:]
    energy = sum(map(mul, middle, middle))
    if not energy:
        return -math.inf, 0.0
    level_db = 10 * math.log10(energy / len(middle)) - 20 * math.log10(FULL_SCALE)
    neighbours = [left + right for left, right in zip(before, after, strict=True)]
    twice_cosine = sum(map(mul, middle, neighbours)) / energy
    if level_db < LEAST_DB or abs(twice_cosine) >= 2:
        return level_db, 0.0
    angle = math.acos(twice_cosine / 2)
    # What is left of the samples where they do not fit, as a variance of the angle around the one that fits best.
    misfit = sum((total - twice_cosine * sample) ** 2 for total, sample in zip(neighbours, middle, strict=True))
    spread_hz = math.sqrt(misfit / energy) / (2 * math.sin(angle)) * ANALYSIS_HZ / (2 * math.pi)
    frequency_hz = angle * ANALYSIS_HZ / (2 * math.pi)
    is_tone = spread_hz <= NARROW_HZ and LEAST_HZ <= frequency_hz <= MOST_HZ
    return level_db, frequency_hz if is_tone else 0.0
