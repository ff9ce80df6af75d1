"""Noise goes down, speech stays."""

import numpy as np

from app.providers.pocketsphinx.noise_reduction import BLOCK_BYTES, HOP, Floats, NoiseReduction
from tests.kit.speech import say, silence, white_noise, with_noise


def reduced(pcm: bytes, noise_ms: int) -> Floats:
    reduction = NoiseReduction()
    blocks = range(0, len(pcm) - BLOCK_BYTES + 1, BLOCK_BYTES)
    return np.concatenate([reduction.take(pcm[at : at + BLOCK_BYTES], noise_only=at < noise_ms * 32) for at in blocks])


def power_db(samples: Floats) -> float:
    return float(10 * np.log10((samples**2).mean()))


def test_steady_noise_is_reduced_by_several_decibels() -> None:
    noise = white_noise(3_000, 200.0)
    after = reduced(noise, 1_000)[16_000:]
    assert power_db(np.frombuffer(noise, np.int16)[16_000:].astype(float)) - power_db(after) > 7


def test_speech_keeps_its_power() -> None:
    spoken = say("i would like to book an appointment please")
    after = reduced(with_noise(silence(1_000) + spoken, 20.0), 1_000)[16_000:]
    assert abs(power_db(np.frombuffer(spoken, np.int16).astype(float)) - power_db(after)) < 1


def test_without_noise_nothing_changes_but_the_delay_of_one_block() -> None:
    spoken = np.frombuffer(say("yes please"), np.int16).astype(float)
    after = reduced(spoken.astype(np.int16).tobytes(), 0)
    kept = len(after) - HOP
    assert np.abs(after[HOP:] - spoken[:kept]).max() < 12
