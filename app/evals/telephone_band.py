"""What a telephone network leaves of a voice: 300 to 3,400 Hz, sampled at 8 kHz, in the 256 levels of mu-law. Pure.

Services hand such calls on at 16 kHz, which brings back nothing that was lost. G.711 is what landlines and
most of the networks between carriers speak.
"""

import math
from array import array
from operator import mul

from actors.rules.audio import samples_of

RATE_HZ = 16_000
LOWEST_HZ, HIGHEST_HZ = 300.0, 3_400.0
TAPS = 63
"""The length of the filter in samples: a delay of 2 ms, and an attenuation of 40 dB at 4,200 Hz."""
_BIAS, _CLIP = 132, 32_635
_LOUDEST = 32_767


class TelephoneBand:
    """One direction of a call; frames of PCM16LE at 16 kHz in and out, of the same length, 4 ms late."""

    def __init__(self) -> None:
        self._into = [0.0] * (TAPS - 1)
        self._out_of = [0.0] * (TAPS // 2)

    def push(self, pcm: bytes) -> bytes:
        """Take the next frame, of a whole number of pairs of samples; what the far end hears then."""
        self._into += samples_of(pcm)
        # Every second sample is all that goes over the line.
        narrow = [sum(map(mul, _BAND, self._into[at : at + TAPS])) for at in range(0, len(self._into) - TAPS + 1, 2)]
        del self._into[: len(self._into) - TAPS + 1]
        self._out_of += [_heard_as(sample) for sample in narrow]
        heard: list[int] = []
        for at in range(len(self._out_of) - TAPS // 2):
            past = self._out_of[at : at + len(_EVEN)]
            heard += (_bounded(sum(map(mul, _EVEN, past))), _bounded(sum(map(mul, _ODD, past))))
        del self._out_of[: len(self._out_of) - TAPS // 2]
        return array("h", heard).tobytes()


def mu_law(sample: int) -> int:
    """The code of a sample by ITU-T G.711, one of 256."""
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), _CLIP) + _BIAS
    exponent = magnitude.bit_length() - 8
    return ~(sign | exponent << 4 | (magnitude >> exponent + 3) & 0x0F) & 0xFF


def linear(code: int) -> int:
    """The sample for which a code stands."""
    code = ~code & 0xFF
    exponent, mantissa = code >> 4 & 0x07, code & 0x0F
    magnitude = ((mantissa << 3) + _BIAS << exponent) - _BIAS
    return -magnitude if code & 0x80 else magnitude


_LINEAR = [linear(code) for code in range(256)]


def _heard_as(sample: float) -> float:
    return _LINEAR[mu_law(_bounded(sample))]


def _bounded(sample: float) -> int:
    return max(-_LOUDEST - 1, min(_LOUDEST, round(sample)))


def _low_pass(cut_hz: float) -> list[float]:
    """A sinc in a Blackman window, whose taps add up to one."""
    share, middle = 2 * cut_hz / RATE_HZ, TAPS // 2
    taps = []
    for at in range(TAPS):
        x, turn = at - middle, 2 * math.pi * at / (TAPS - 1)
        window = 0.42 - 0.5 * math.cos(turn) + 0.08 * math.cos(2 * turn)
        taps.append((share if x == 0 else math.sin(math.pi * share * x) / (math.pi * x)) * window)
    return [tap / sum(taps) for tap in taps]


_BAND = [high - low for high, low in zip(_low_pass(HIGHEST_HZ), _low_pass(LOWEST_HZ), strict=True)]
# Between two samples of 8 kHz there is to be another one: half of the taps meet samples, the other half nothing.
_SMOOTH = [2 * tap for tap in _low_pass(4_000.0)]
_EVEN, _ODD = _SMOOTH[0::2], [*_SMOOTH[1::2], 0.0]
