"""A voice as a telephone network hands it on: in its band, in its levels, in real time."""

import math
from array import array
from collections.abc import Sequence

import pytest

from app.evals.telephone_band import RATE_HZ, TelephoneBand, linear, mu_law

FRAME = 640


def tone(hz: float, level: int = 8_000, seconds: float = 0.5) -> bytes:
    samples = round(RATE_HZ * seconds)
    return array("h", (round(level * math.sin(math.tau * hz * at / RATE_HZ)) for at in range(samples))).tobytes()


def through(pcm: bytes) -> Sequence[int]:
    """What is heard at the far end, frame by frame."""
    band, heard = TelephoneBand(), array("h")
    for at in range(0, len(pcm), FRAME):
        frame = band.push(pcm[at : at + FRAME])
        assert len(frame) == FRAME, "time passes at both ends alike"
        heard.frombytes(frame)
    return heard


def loudness_db(samples: Sequence[int]) -> float:
    return 20 * math.log10(math.hypot(*samples) / math.sqrt(len(samples)) / 32_768 + 1e-9)


@pytest.mark.parametrize(("hz", "least", "most"), [(1_000, -0.5, 0.5), (2_800, -1.0, 0.5), (500, -4, 0.5)])
def test_a_voice_is_let_through(hz: float, least: float, most: float) -> None:
    changed = loudness_db(through(tone(hz))[2_000:]) - loudness_db(array("h", tone(hz))[2_000:])
    assert least < changed < most


@pytest.mark.parametrize("hz", [50, 100, 3_900, 5_000, 7_000])
def test_what_is_below_and_above_the_band_is_not(hz: float) -> None:
    assert loudness_db(through(tone(hz))[2_000:]) - loudness_db(array("h", tone(hz))[2_000:]) < -20


def test_mu_law_is_that_of_the_standard() -> None:
    # ITU-T G.711, table 2a: the decision and output values at both ends, and around zero.
    assert [mu_law(sample) for sample in (0, -1, 32_767, -32_768)] == [0xFF, 0x7F, 0x80, 0x00]
    assert [linear(code) for code in (0xFF, 0x80, 0x00, 0xF0)] == [0, 32_124, -32_124, 120]
    assert all(mu_law(linear(code)) == code for code in range(256) if code != 0x7F)


@pytest.mark.parametrize("level", [100, 1_000, 8_000, 30_000])
def test_quantisation_leaves_a_voice_of_any_level_far_above_its_noise(level: int) -> None:
    for at in range(1, level, max(1, level // 500)):
        assert abs(linear(mu_law(at)) - at) <= max(8, at * 0.04), "half a step"


def test_silence_stays_silent_and_what_is_too_loud_is_cut() -> None:
    assert not any(through(bytes(FRAME * 5)))
    assert max(through(tone(1_000, level=32_767))) <= 32_767
