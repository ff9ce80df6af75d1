"""A telephone line takes what is outside its band, and noise is as loud as it was asked to be."""

import numpy as np
import pytest

from tests.kit.acoustics import kitchen, telephone, with_kitchen


def tone(hertz: float, seconds: float = 1.0) -> bytes:
    at = np.arange(int(16_000 * seconds)) / 16_000
    return (np.sin(2 * np.pi * hertz * at) * 8_000).astype(np.int16).tobytes()


def power(pcm: bytes) -> float:
    return float((np.frombuffer(pcm, np.int16).astype(np.float64) ** 2).mean())


@pytest.mark.parametrize(("hertz", "passes"), [(100.0, False), (1_000.0, True), (3_000.0, True), (5_000.0, False)])
def test_a_telephone_line_has_a_band(hertz: float, passes: bool) -> None:
    share = power(telephone(tone(hertz))) / power(tone(hertz))
    assert (share > 0.8) if passes else (share < 0.01)


def test_a_telephone_line_keeps_the_length() -> None:
    assert len(telephone(tone(500.0))) == len(tone(500.0))


@pytest.mark.parametrize("snr_db", [20.0, 10.0])
def test_noise_is_as_loud_as_asked(snr_db: float) -> None:
    clean = tone(500.0)
    noise = np.frombuffer(with_kitchen(clean, snr_db), np.int16).astype(np.float64) - np.frombuffer(clean, np.int16)
    assert 10 * np.log10(power(clean) / (noise**2).mean()) == pytest.approx(snr_db, abs=0.5)


def test_the_same_seed_is_the_same_kitchen() -> None:
    assert (kitchen(1_000, 3) == kitchen(1_000, 3)).all()
    assert (kitchen(1_000, 3) != kitchen(1_000, 4)).any()
