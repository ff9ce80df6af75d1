"""Audio to the cepstra that CMU Sphinx models are trained on, as `sphinx_fe` computes them with the model's settings.

Doing it here instead of in the decoder lets noise be taken out of the features (see `feature_enhancement`). Equal to
pocketsphinx 5.1.1's own features, with its noise removal off, to 2e-5, as its tests hold.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RATE_HZ = 16_000
FRAME_MS = 10
FILTERS = 25
CEPSTRA = 13
_FFT = 512
_WINDOW = 410
_HOP = 160
_LOWEST_HZ = 130.0
_HIGHEST_HZ = 6_800.0
_LIFTER = 22
_PRE_EMPHASIS = 0.97
_HAMMING: Floats = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(_WINDOW) / (_WINDOW - 1))
POWER_FLOOR = 1.0
"""Added to the power of each filter: digital silence has a logarithm too."""


def _filterbank() -> Floats:
    top = 2595 * np.log10(1 + np.array([_LOWEST_HZ, _HIGHEST_HZ]) / 700)
    edges = 700 * (10 ** (np.linspace(top[0], top[1], FILTERS + 2) / 2595) - 1)
    step = RATE_HZ / _FFT
    edges = np.floor(edges / step + 0.5) * step
    frequencies = np.arange(_FFT // 2 + 1) * step
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangle = np.minimum((frequencies - left) / (centre - left), (right - frequencies) / (right - centre))
    bank: Floats = np.maximum(triangle, 0) * 2 / (right - left)
    return bank


def _transform() -> Floats:
    order = np.arange(CEPSTRA)[:, None]
    cosines = np.cos(np.pi * order / FILTERS * (np.arange(FILTERS) + 0.5)) * np.sqrt(2 / FILTERS)
    cosines[0] *= np.sqrt(0.5)
    return np.asarray(cosines)


_LIFT: Floats = 1 + _LIFTER / 2 * np.sin(np.arange(CEPSTRA) * np.pi / _LIFTER)
_BANK = _filterbank().T
TO_CEPSTRA: Floats = _LIFT[:, None] * _transform()
"""Cepstra = TO_CEPSTRA @ log filter powers."""
TO_LOG_POWERS: Floats = (_transform() / _LIFT[:, None]).T
"""The smoothest log filter powers with given cepstra."""


class FilterPowers:
    """Splits one stream into frames 10 ms apart and gives the power in each of the 25 mel filters."""

    def __init__(self) -> None:
        self._rest = np.zeros(0)
        self._last = 0.0

    def take(self, samples: Floats) -> Floats:
        """More samples (full scale 32 768); returns the frames completed by them, shape (frames, 25), floor added."""
        emphasised = samples - _PRE_EMPHASIS * np.concatenate(([self._last], samples[:-1]))
        self._last = float(samples[-1])
        signal = np.concatenate((self._rest, emphasised))
        count = max(0, 1 + (len(signal) - _WINDOW) // _HOP)
        self._rest = signal[count * _HOP :]
        if count == 0:
            return np.zeros((0, FILTERS))
        frames = np.lib.stride_tricks.sliding_window_view(signal, _WINDOW)[: count * _HOP : _HOP]
        spectrum = np.fft.rfft(frames * _HAMMING, _FFT)
        powers: Floats = (spectrum.real**2 + spectrum.imag**2) @ _BANK + POWER_FLOOR
        return powers
