"""The real weights on a synthetic voice: words, what is taken for granted, hints, bounds."""

import itertools

import numpy as np
import pytest

from app.providers.moonshine.hints import Floats, Hints
from app.providers.moonshine.model import PIECES_PER_S, AbandonedError, Model
from app.providers.moonshine.weights import weights
from tests.kit.speech import FLITE, say, silence, white_noise

SENTENCE = "i want to cancel my appointment"


@pytest.fixture(scope="module")
def model() -> Model:
    folder = weights()
    assert folder is not None
    return Model(folder)


def samples(pcm: bytes) -> Floats:
    return np.frombuffer(pcm, np.int16).astype(np.float32) / np.float32(32_768)


def spoken(text: str = SENTENCE) -> Floats:
    return samples(silence(500) + say(text, FLITE) + silence(200))


def test_a_sentence_becomes_its_words(model: Model) -> None:
    decoded = model.decode(spoken())
    assert model.vocabulary.text(decoded.pieces) == "I want to cancel my appointment."
    assert 0.7 < decoded.confidence <= 1.0


@pytest.mark.parametrize("beginning", ["do you have a quiet room and", "seven zero three"])
def test_an_utterance_that_goes_on_is_less_likely_over(model: Model, beginning: str) -> None:
    whole = model.decode(spoken("do you have a quiet room on one of the upper floors"))
    assert 0.0 <= model.decode(spoken(beginning)).end_confidence < whole.end_confidence <= 1.0


def test_nothing_that_could_be_decoded_has_an_end(model: Model) -> None:
    assert 0.0 <= model.decode(samples(silence(1_000))).end_confidence <= 1.0


def test_what_is_known_is_read_and_not_found_again(model: Model) -> None:
    whole = model.decode(spoken())
    steps = itertools.count()
    again = model.decode(spoken(), prefix=whole.pieces[:4], abandoned=lambda: next(steps) < 0)
    assert again.pieces == whole.pieces
    assert next(steps) == len(whole.pieces) + 1 - 4


@pytest.mark.parametrize("places", [0, 4, 100])
def test_a_draft_is_read_at_once_as_far_as_it_is_right(model: Model, places: int) -> None:
    whole = model.decode(spoken())
    wrong = model.vocabulary.numbers("wrong")
    again = model.decode(spoken(), draft=[*whole.pieces[:places], *wrong])
    assert again.pieces == whole.pieces
    assert again.confidence == pytest.approx(whole.confidence, abs=0.05)
    assert again.steps == len(whole.pieces) + 1 - min(places, len(whole.pieces))


def test_a_draft_is_taken_up_again_behind_what_it_has_wrong(model: Model) -> None:
    whole = model.decode(spoken()).pieces
    [wrong] = model.vocabulary.numbers("wrong")
    for draft in ((*whole[:3], wrong, *whole[4:]), (*whole[:3], wrong, *whole[3:]), (*whole[:3], *whole[4:])):
        again = model.decode(spoken(), draft=draft)
        assert again.pieces == whole
        assert again.steps <= 3


def test_a_draft_with_hints_is_read_as_without_it(model: Model) -> None:
    order, hints = spoken("a flat white and a latte"), Hints(model.vocabulary, ["latte"])
    hinted = model.decode(order, hints)
    assert model.decode(order, hints, draft=model.decode(order).pieces).pieces == hinted.pieces


def test_hints_turn_what_is_doubtful(model: Model) -> None:
    order = spoken("a flat white and a latte")
    without = model.decode(order)
    hinted = model.decode(order, Hints(model.vocabulary, ["latte"]))
    assert "latte" not in model.vocabulary.text(without.pieces)
    assert "latte" in model.vocabulary.text(hinted.pieces)


def test_hints_put_no_word_where_the_model_hears_a_comma_or_the_end(model: Model) -> None:
    hints = Hints(model.vocabulary, ["yes please book the cleaning"])
    assert model.decode(spoken("yes please"), hints) == model.decode(spoken("yes please"))


def test_hints_for_other_words_change_nothing(model: Model) -> None:
    hints = Hints(model.vocabulary, ["iced mocha", "a large cappuccino", "oat milk"])
    assert model.decode(spoken(), hints).pieces == model.decode(spoken()).pieces


def test_noise_is_not_believed(model: Model) -> None:
    assert model.decode(samples(white_noise(2_000, 300.0))).confidence < 0.5
    assert model.decode(samples(silence(1_000))).confidence < 0.5


def test_a_moment_of_audio_is_enough_and_there_is_an_end(model: Model) -> None:
    decoded = model.decode(samples(white_noise(10, 3_000.0)))
    assert len(decoded.pieces) <= PIECES_PER_S * 0.25 + 3


def test_what_is_not_wanted_is_given_up(model: Model) -> None:
    with pytest.raises(AbandonedError):
        model.decode(spoken(), abandoned=lambda: True)
