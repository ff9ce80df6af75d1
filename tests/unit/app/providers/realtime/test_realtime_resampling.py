"""Audio between two rates as a stream: a swept sine comes out as one, with nothing beside it."""

import numpy as np
import pytest
from numpy.typing import NDArray

from app.providers.realtime.resampling import Resampler

SECONDS = 4.0
DITHER = 3
"""What is rounded to 16 bits is dithered, by chance, by so many steps at most."""


def sweep(rate_hz: int) -> NDArray[np.float64]:
    """From 100 Hz to 6 kHz, below half of both rates."""
    at = np.arange(int(SECONDS * rate_hz)) / rate_hz
    return 0.5 * np.sin(2 * np.pi * (100 * at + (6_000 - 100) / (2 * SECONDS) * at**2))


def through(resampler: Resampler, pcm: bytes, sizes: tuple[int, ...]) -> NDArray[np.float64]:
    out, at, turn = b"", 0, 0
    while at < len(pcm):
        size = sizes[turn % len(sizes)]
        out += resampler.push(pcm[at : at + size])
        at, turn = at + size, turn + 1
    out += resampler.finish()
    return np.frombuffer(out, "<i2").astype(np.float64) / 32_768


def pcm_of(samples: NDArray[np.float64]) -> bytes:
    return (samples * 32_767).astype("<i2").tobytes()


@pytest.mark.parametrize(("from_hz", "to_hz"), [(16_000, 24_000), (24_000, 16_000)])
@pytest.mark.parametrize("sizes", [(640,), (960,), (1, 1_279, 333), (100_000,)], ids=str)
def test_a_swept_sine_has_nothing_beside_it(from_hz: int, to_hz: int, sizes: tuple[int, ...]) -> None:
    out = through(Resampler(from_hz, to_hz), pcm_of(sweep(from_hz)), sizes)
    wanted = sweep(to_hz)
    assert abs(len(out) - len(wanted)) <= 1
    inner = slice(to_hz // 50, min(len(out), len(wanted)) - to_hz // 50)  # the sine begins and ends abruptly
    error = out[inner] - wanted[inner]
    power_db = 10 * np.log10(np.mean(error**2) / np.mean(wanted[inner] ** 2))
    assert power_db < -60
    assert np.max(np.abs(error)) < 0.002, "no click anywhere"


def test_pieces_come_out_as_the_whole_does() -> None:
    pcm = pcm_of(sweep(16_000))
    whole = through(Resampler(16_000, 24_000), pcm, (len(pcm),))
    pieces = through(Resampler(16_000, 24_000), pcm, (640,))
    assert np.max(np.abs(whole - pieces)) * 32_768 <= DITHER


def test_equal_rates_pass_on_what_they_are_given() -> None:
    resampler = Resampler(24_000, 24_000)
    assert resampler.push(b"\x01\x02\x03") == b"\x01\x02"
    assert resampler.push(b"\x04") == b"\x03\x04"
    assert resampler.finish() == b""


def test_a_finished_stream_begins_anew() -> None:
    pcm = pcm_of(sweep(24_000))
    resampler = Resampler(24_000, 16_000)
    first = through(resampler, pcm, (960,))
    second = through(resampler, pcm, (960,))
    assert np.max(np.abs(first - second)) * 32_768 <= DITHER
