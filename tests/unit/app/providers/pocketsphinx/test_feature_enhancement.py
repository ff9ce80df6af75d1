"""Features of noisy speech come nearer to those of the clean speech, and the channel is learnt."""

from pathlib import Path

import numpy as np
import pocketsphinx
import pytest

from app.providers.pocketsphinx.cepstra import TO_CEPSTRA, FilterPowers, Floats
from app.providers.pocketsphinx.feature_enhancement import Channel, Enhancer, SpeechModel, speech_model
from tests.kit.speech import FLITE, FLITE_ALSO, say, silence, with_noise


@pytest.fixture(scope="module")
def model() -> SpeechModel:
    return speech_model(Path(pocketsphinx.get_model_path("en-us/en-us")))


def powers(pcm: bytes) -> Floats:
    return FilterPowers().take(np.frombuffer(pcm, np.int16).astype(float))


@pytest.mark.parametrize("voice", [FLITE, FLITE_ALSO])
def test_enhanced_features_are_nearer_to_clean_ones(model: SpeechModel, voice: str) -> None:
    clean_pcm = silence(1_000) + say("i would like to book an appointment please", voice)
    clean = np.log(powers(clean_pcm)) @ TO_CEPSTRA.T
    noisy_powers = powers(with_noise(clean_pcm, 20.0))
    noisy = np.log(noisy_powers) @ TO_CEPSTRA.T
    loud = clean[:, 0] > clean[:, 0].max() - 30
    enhancer = Enhancer(model, noisy_powers[:90].mean(axis=0), clean[loud].mean(axis=0))
    enhanced, _ = enhancer.enhance(noisy)

    def distance(cepstra: Floats) -> float:
        return float(np.sqrt((((cepstra - clean)[loud]) ** 2 / model.variances.mean(axis=0)).mean()))

    assert distance(enhanced) < 0.9 * distance(noisy)


def test_without_noise_features_stay(model: SpeechModel) -> None:
    cepstra = np.log(powers(say("yes please", FLITE))) @ TO_CEPSTRA.T
    loud = cepstra[cepstra[:, 0] > cepstra[:, 0].max() - 20]
    enhanced, _ = Enhancer(model, np.ones(25), loud.mean(axis=0)).enhance(loud)
    assert np.abs(enhanced - loud).max() < 2.5


def test_a_channel_is_believed_more_the_longer_it_was_heard() -> None:
    channel = Channel()
    before = channel.mean.copy()
    channel.learn(np.full((30, 13), 10.0))
    first_move = float((channel.mean - before)[0])
    for _ in range(20):
        channel.learn(np.zeros((30, 13)))
    settled = channel.mean.copy()
    channel.learn(np.full((30, 13), 10.0))
    assert first_move == pytest.approx(5.0)
    assert 0 < float((channel.mean - settled)[0]) < 1.0


def test_the_models_mixture_is_one(model: SpeechModel) -> None:
    assert np.exp(model.log_weights).sum() == pytest.approx(1.0)
    assert (model.variances > 0).all()
