"""Levels are those of the textbook; a ramp changes its first 5 ms and nothing else."""

import math
import random
from array import array

import pytest

from actors.rules.audio import FLOOR_DB, level_db, pause_near, ramp


def tone(amplitude: float, frequency_hz: float, rate_hz: int, duration_ms: int = 20) -> bytes:
    step = 2 * math.pi * frequency_hz / rate_hz
    return array("h", (round(amplitude * math.sin(n * step)) for n in range(rate_hz * duration_ms // 1000))).tobytes()


def test_silence_and_no_audio_are_at_the_floor() -> None:
    assert level_db(bytes(640)) == FLOOR_DB
    assert level_db(b"") == FLOOR_DB


def test_a_full_square_wave_is_at_zero() -> None:
    assert level_db(array("h", [-32768, 32767] * 160).tobytes()) == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000, 48_000])
@pytest.mark.parametrize("frequency_hz", [100, 440, 941, 1_000, 2_000, 3_000])
def test_a_tone_is_three_decibels_below_its_peak(rate_hz: int, frequency_hz: int) -> None:
    assert level_db(tone(3276.8, frequency_hz, rate_hz)) == pytest.approx(-23.01, abs=1.0)


@pytest.mark.parametrize("rate_hz", [16_000, 24_000, 48_000])
def test_the_level_of_noise_is_right_within_two_decibels(rate_hz: int) -> None:
    chance = random.Random(7)
    for _ in range(50):
        samples = [round(chance.gauss(0, 1000)) for _ in range(rate_hz // 50)]
        true_db = 10 * math.log10(sum(s * s for s in samples) / len(samples) / 32768**2)
        assert level_db(array("h", samples).tobytes()) == pytest.approx(true_db, abs=2.0)


def test_half_the_amplitude_is_six_decibels_less() -> None:
    loud, soft = (level_db(tone(amplitude, 440, 16_000)) for amplitude in (8_000, 4_000))
    assert loud - soft == pytest.approx(6.02, abs=0.05)


@pytest.mark.parametrize(("rate_hz", "changed"), [(16_000, 80), (24_000, 120), (48_000, 240)])
def test_a_ramp_rises_evenly_and_leaves_the_rest_alone(rate_hz: int, changed: int) -> None:
    plain = array("h", [10_000] * (rate_hz // 50))
    ramped = array("h", ramp(plain.tobytes(), rate_hz))
    assert len(ramped) == len(plain)
    assert ramped[0] == 0
    assert list(ramped[:changed]) == sorted(ramped[:changed])
    assert ramped[changed // 2] == pytest.approx(5_000, abs=10_000 / changed)
    assert ramped[changed:] == plain[changed:]


def test_a_ramp_falls_towards_silence_for_negative_samples_too() -> None:
    ramped = array("h", ramp(array("h", [-32768] * 320).tobytes(), 16_000))
    assert ramped[0] == 0
    assert min(ramped[:80]) > -32768
    assert ramped[80] == -32768


def test_a_ramp_of_less_audio_than_its_length_is_all_ramp() -> None:
    ramped = array("h", ramp(array("h", [1_000] * 8).tobytes(), 16_000))
    assert list(ramped) == [1_000 * n // 80 for n in range(8)]
    assert ramp(b"", 16_000) == b""


@pytest.mark.parametrize("broken", [level_db, lambda pcm: ramp(pcm, 16_000)])
def test_half_a_sample_is_refused(broken: object) -> None:
    assert callable(broken)
    with pytest.raises(ValueError, match="multiple"):
        broken(b"abc")


@pytest.mark.parametrize("pause_ms", [0, 400, 900])
def test_the_pause_near_a_place_is_found(pause_ms: int) -> None:
    voice, quiet = array("h", [8_000, -8_000] * 8), array("h", [1, -1] * 8)
    pcm = (voice * pause_ms + quiet * 120 + voice * (1_000 - pause_ms)).tobytes()
    assert pause_ms <= pause_near(pcm, 16_000, 500) <= pause_ms + 120


def test_where_there_is_no_pause_the_place_stays() -> None:
    assert pause_near(array("h", [8_000, -8_000] * 8_000).tobytes(), 16_000, 480) == 480
    assert pause_near(b"", 16_000, 480) == 480
