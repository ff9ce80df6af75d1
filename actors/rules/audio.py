"""Arithmetic on PCM16LE mono: how loud it is, and a gentle beginning."""

import math
import sys
from array import array

FULL_SCALE = 32_768
FLOOR_DB = -100.0
"""The level in dB below full scale of digital silence, and of no audio at all."""

RAMP_MS = 5
_LEVEL_SAMPLES = 100
_WINDOW_MS = 40
_AROUND_MS = 600
_PAUSE_DB = 20.0
"""How many dB quieter than the audio around it a pause is."""


def samples_of(pcm: bytes) -> "array[int]":
    """The samples of PCM16LE audio.

    Raises:
        ValueError: an odd number of bytes.
    """
    samples = array("h", pcm)
    if sys.byteorder == "big":  # pragma: no cover
        samples.byteswap()
    return samples


def level_db(pcm: bytes, about_samples: int = _LEVEL_SAMPLES) -> float:
    """The root mean square of `pcm` in dB below full scale: 0 is a full square wave, `FLOOR_DB` is silence.

    Looks at every n-th sample only, at `about_samples` of them, and n is odd: the mean of squares is as good as that of
    all of them whatever the frequency, but for a steady tone in step with n.

    Raises:
        ValueError: an odd number of bytes.
    """
    samples = samples_of(pcm)
    some = samples[:: len(samples) // about_samples | 1]
    # hypot is the root of a sum of squares, done in C. An array would be unpacked by an iterator, a list is not.
    length = math.hypot(*some.tolist())
    if not length:
        return FLOOR_DB
    return 20.0 * math.log10(length / math.sqrt(len(some)) / FULL_SCALE)


def ramp(pcm: bytes, rate_hz: int, ramp_ms: int = RAMP_MS) -> bytes:
    """`pcm` with its first `ramp_ms` rising evenly from silence to full gain; as long as before.

    Raises:
        ValueError: an odd number of bytes.
    """
    samples = samples_of(pcm)
    steps = rate_hz * ramp_ms // 1000
    for position in range(min(steps, len(samples))):
        samples[position] = samples[position] * position // steps
    if sys.byteorder == "big":  # pragma: no cover
        samples.byteswap()
    return samples.tobytes()


def pause_near(pcm: bytes, rate_hz: int, about_ms: float) -> float:
    """The middle of the quietest pause in `pcm` near `about_ms`, in ms; `about_ms` itself if there is none.

    Raises:
        ValueError: an odd number of bytes.
    """
    size = rate_hz * _WINDOW_MS // 1000 * 2
    first = max(0, int(about_ms - _AROUND_MS) // _WINDOW_MS)
    last = min(len(pcm) // size, int(about_ms + _AROUND_MS) // _WINDOW_MS + 1)
    levels = [level_db(pcm[at * size : (at + 1) * size]) for at in range(first, last)]
    if not levels or min(levels) > max(levels) - _PAUSE_DB:
        return about_ms
    quiet = [at for at, level in enumerate(levels, first) if level <= min(levels) + 3]
    return (min(quiet, key=lambda at: abs(at * _WINDOW_MS - about_ms)) + 0.5) * _WINDOW_MS
