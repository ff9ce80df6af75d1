"""What happens to a voice on its way: a telephone line, a kitchen. PCM16LE mono at 16 kHz throughout, seeded."""

from typing import Final

import numpy as np

from tests.kit.speech import RATE_HZ, resampled

TELEPHONE_HZ: Final = 8_000
BAND_HZ: Final = (300.0, 3_400.0)
MU: Final = 255.0
LOUD: Final = 100.0
"""Samples above this are taken for speech when its power is measured."""

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def telephone(pcm: bytes) -> bytes:
    """`pcm` as it arrives over a telephone line: 300 to 3,400 Hz, eight bits a sample by the mu law, 8,000 a second."""
    narrow = _samples(resampled(pcm, RATE_HZ, TELEPHONE_HZ))
    spectrum = np.fft.rfft(narrow)
    frequencies = np.fft.rfftfreq(len(narrow), 1 / TELEPHONE_HZ)
    spectrum[(frequencies < BAND_HZ[0]) | (frequencies > BAND_HZ[1])] = 0.0
    line = np.clip(np.fft.irfft(spectrum, len(narrow)) / 32_768.0, -1.0, 1.0)
    compressed = np.round(np.sign(line) * np.log1p(MU * np.abs(line)) / np.log1p(MU) * 127.0) / 127.0
    expanded = np.sign(compressed) * np.expm1(np.abs(compressed) * np.log1p(MU)) / MU
    return resampled(_pcm(expanded * 32_767.0), TELEPHONE_HZ, RATE_HZ)


def with_kitchen(pcm: bytes, snr_db: float, seed: int = 0) -> bytes:
    """`pcm` in a kitchen whose noise is `snr_db` below the mean power of the speech."""
    samples = _samples(pcm)
    loud = samples[np.abs(samples) > LOUD]
    if not len(loud):
        return pcm
    noise = kitchen(len(samples), seed)
    wanted = (loud**2).mean() / 10 ** (snr_db / 10)
    return _pcm(samples + noise * np.sqrt(wanted / (noise**2).mean()))


def kitchen(count: int, seed: int = 0) -> Floats:
    """`count` samples of a kitchen: a fan, the hum of a refrigerator, and dishes, about one a second."""
    chance = np.random.default_rng(seed)
    spectrum = np.fft.rfft(chance.normal(0.0, 1.0, count))
    frequencies = np.fft.rfftfreq(count, 1 / RATE_HZ)
    fan = np.fft.irfft(spectrum / np.sqrt(np.maximum(frequencies, 50.0)), count)
    at = np.arange(count) / RATE_HZ
    noise = fan / fan.std() + sum(0.3 / n * np.sin(2 * np.pi * 50.0 * n * at) for n in (1, 2, 4))
    for _ in range(chance.poisson(count / RATE_HZ)):
        begin = int(chance.integers(0, count))
        after = at[: count - begin]
        pitches = chance.uniform(900.0, 5_000.0, 4)
        dish = sum(np.sin(2 * np.pi * pitch * after + pitch) for pitch in pitches) * np.exp(-after * 18.0)
        noise[begin:] += dish * chance.uniform(0.5, 2.0)
    return np.asarray(noise)


def _samples(pcm: bytes) -> Floats:
    return np.frombuffer(pcm, np.int16).astype(np.float64)


def _pcm(samples: Floats) -> bytes:
    return np.clip(samples, -32_768, 32_767).astype(np.int16).tobytes()
