"""Tones are found in audio that is put together here: beeps, telephone keys, noise, and no voice."""

import math
import random
from array import array
from functools import cache

import pytest

from actors.rules.tones import ToneDetector, ToneHeard

RATE_HZ = 16_000


@cache
def sine(*frequencies_hz: float, ms: int, amplitude: float = 8_000.0, noise: float = 0.0) -> bytes:
    """Tones together, as loud as one, with Gaussian noise of that deviation."""
    dice = random.Random(1)
    step = 2 * math.pi / RATE_HZ
    count = ms * RATE_HZ // 1000
    waves = [_wave(step * hz, count) for hz in frequencies_hz]
    louder = amplitude / len(frequencies_hz)
    return array(
        "h", (round(louder * sum(at) + (dice.gauss(0, noise) if noise else 0)) for at in zip(*waves, strict=True))
    ).tobytes()


@cache
def _wave(step: float, count: int) -> list[float]:
    return [math.sin(step * n) for n in range(count)]


def silence(ms: int) -> bytes:
    return bytes(ms * RATE_HZ // 500)


def heard(pcm: bytes, *, chunk: int = 640, rate_hz: int = RATE_HZ) -> list[ToneHeard]:
    detector = ToneDetector(rate_hz)
    found = [detector.process(pcm[at : at + chunk], at * 500 / rate_hz) for at in range(0, len(pcm), chunk)]
    return [tone for tone in found if tone is not None]


@pytest.mark.parametrize("noise", [0.0, 300.0])
@pytest.mark.parametrize("frequency_hz", [400, 440, 620, 800, 1_000, 1_400, 1_700])
def test_a_beep_is_told_when_it_is_over(frequency_hz: int, noise: float) -> None:
    (tone,) = heard(silence(400) + sine(frequency_hz, ms=400, noise=noise) + silence(400))
    assert tone.end_ms == pytest.approx(800, abs=45)
    assert tone.duration_ms == pytest.approx(400, abs=45)
    assert tone.frequency_hz == pytest.approx(frequency_hz, rel=0.02)


@pytest.mark.parametrize("chunk", [2, 334, 642, 1_280, 64_000])
def test_it_is_the_same_however_the_audio_is_cut(chunk: int) -> None:
    pcm = silence(410) + sine(1_000, ms=500) + silence(330)
    assert [(t.end_ms, t.duration_ms) for t in heard(pcm, chunk=chunk)] == [
        (t.end_ms, t.duration_ms) for t in heard(pcm)
    ]


@pytest.mark.parametrize(
    "pcm",
    [
        pytest.param(silence(1_000), id="silence"),
        pytest.param(sine(1_000, ms=120) + silence(400), id="click"),
        pytest.param(sine(697, 1_209, ms=600) + silence(400), id="key"),
        pytest.param(sine(1_000, ms=600, amplitude=100) + silence(400), id="faint"),
        pytest.param(sine(1_000, ms=600, amplitude=2_000, noise=2_000) + silence(400), id="noise"),
        pytest.param(sine(150, 300, 450, 600, ms=600) + silence(400), id="hum"),
        pytest.param(sine(200, ms=600) + silence(400), id="low"),
        pytest.param(b"".join(sine(600 + 60 * n, ms=40) for n in range(15)) + silence(400), id="glide"),
        pytest.param(b"".join(sine(800, ms=80, amplitude=500 * 4 ** (n % 3)) for n in range(12)), id="wavering"),
        pytest.param(b"\xff\x7f" * 8_000 + silence(400), id="clipped"),
        pytest.param(b"\xff\x7f\x01\x80" * 4_000 + silence(400), id="as fast as samples can change"),
    ],
)
def test_nothing_else_is_a_tone(pcm: bytes) -> None:
    assert heard(pcm) == []


def test_two_beeps_are_two() -> None:
    pcm = sine(800, ms=240) + silence(120) + sine(800, ms=240) + sine(1_200, ms=320) + silence(100)
    assert [round(t.frequency_hz, -1) for t in heard(pcm)] == [800, 800, 1_200]


def test_rates_that_cannot_be_averaged_are_refused() -> None:
    with pytest.raises(ValueError, match="22050"):
        ToneDetector(22_050)


def test_it_hears_at_other_rates() -> None:
    (tone,) = heard(sine(1_000, ms=400)[:12_000] + silence(400), chunk=480, rate_hz=24_000)
    assert tone.frequency_hz == pytest.approx(1_500, rel=0.02)
