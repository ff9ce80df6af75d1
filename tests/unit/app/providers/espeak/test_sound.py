"""Silence around speech is cut; what is left comes out whole, at the rate asked for."""

import numpy
import pytest
from numpy.typing import NDArray

from app.providers.espeak.sound import EDGE_MS, Sound

FROM_HZ = 22_050


def tone(ms: int) -> NDArray[numpy.int16]:
    times = numpy.arange(FROM_HZ * ms // 1000) / FROM_HZ
    return (8_000 * numpy.sin(2 * numpy.pi * 440 * times)).astype(numpy.int16)


def quiet(ms: int) -> NDArray[numpy.int16]:
    return numpy.zeros(FROM_HZ * ms // 1000, numpy.int16)


def through(sound: Sound, *parts: NDArray[numpy.int16], chunk_samples: int = 500) -> NDArray[numpy.int16]:
    pcm = numpy.concatenate(parts).tobytes()
    sound.begin()
    made = b"".join(sound.push(pcm[at : at + chunk_samples * 2]) for at in range(0, len(pcm), chunk_samples * 2))
    return numpy.frombuffer(made + sound.end(), numpy.int16)


@pytest.mark.parametrize("to_hz", [8_000, 16_000, 22_050, 24_000, 48_000])
def test_only_an_edge_of_silence_is_left(to_hz: int) -> None:
    made = through(Sound(FROM_HZ, to_hz), quiet(200), tone(300), quiet(400))
    assert len(made) * 1000 / to_hz == pytest.approx(300 + 2 * EDGE_MS, abs=2)
    assert numpy.abs(made).max() == pytest.approx(8_000, rel=0.05)


@pytest.mark.parametrize("chunk_samples", [1, 7, 882, 100_000])
def test_what_comes_out_does_not_depend_on_the_chunks(chunk_samples: int) -> None:
    parts = (quiet(100), tone(50), quiet(150), tone(80), quiet(90))
    sound = Sound(FROM_HZ, 16_000)
    expected = through(sound, *parts)
    made = through(sound, *parts, chunk_samples=chunk_samples)
    assert len(made) == len(expected)
    assert numpy.abs(made.astype(int) - expected.astype(int)).max() <= 1
    assert len(made) / 16 == pytest.approx(50 + 150 + 80 + 2 * EDGE_MS, abs=2)


def test_what_was_cut_is_known_with_the_first_audio() -> None:
    sound = Sound(FROM_HZ, 16_000)
    sound.begin()
    assert sound.push(quiet(100).tobytes()) == b""
    sound.push(tone(100).tobytes())
    assert sound.cut_samples * 1000 / FROM_HZ == pytest.approx(100 - EDGE_MS, abs=1)


def test_silence_is_nothing() -> None:
    assert len(through(Sound(FROM_HZ, 16_000), quiet(500))) == 0
