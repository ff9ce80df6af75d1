"""When a decoder is borrowed, what it is given, and when words are forgotten; with a decoder that counts."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pocketsphinx
import pytest

from app.providers.pocketsphinx.feature_enhancement import SpeechModel, speech_model
from app.providers.pocketsphinx.utterance_decoding import STALE_WINDOWS, WINDOW_BYTES, WINDOW_MS, UtteranceDecoding


class Part(msgspec.Struct):
    word: str
    prob: float = 0.75


class Belief(msgspec.Struct):
    hypstr: str


class CountingDecoder:
    """Believes in one word `w` for each utterance that had frames."""

    def __init__(self) -> None:
        self.utterances: list[int] = []
        self.open = False

    def set_cmn(self, mean: str) -> None:
        assert set(mean.split(",")) == {"0"}

    def start_utt(self) -> None:
        assert not self.open
        self.open = True
        self.utterances.append(0)

    def process_cep(self, cepstra: bytes, no_search: bool, full_utt: bool) -> int:
        assert self.open
        assert np.isfinite(np.frombuffer(cepstra, np.float32)).all()
        self.utterances[-1] += len(cepstra) // (13 * 4)
        return 0

    def end_utt(self) -> None:
        assert self.open
        self.open = False

    def hyp(self) -> Any:
        return Belief("w") if self.utterances[-1] else None

    def seg(self) -> Any:
        return [Part("<s>"), Part("w(2)"), Part("[NOISE]"), Part("</s>")]


class Lender:
    """Lends the one decoder."""

    def __init__(self, speech: SpeechModel) -> None:
        self.speech = speech
        self.decoder = CountingDecoder()
        self.lent = 0

    def borrow(self) -> Any:
        self.lent += 1
        return self.decoder

    def give_back(self, decoder: Any) -> None:
        assert not decoder.open
        self.lent -= 1


class Marks:
    """A detector that is told what to say."""

    rate_hz = 16_000
    window_samples = WINDOW_BYTES // 2
    voice = 0.0

    def probability(self, window: bytes) -> float:
        return self.voice

    def reset(self) -> None:
        raise AssertionError("never called")


@pytest.fixture
def lender() -> Lender:
    return Lender(speech_model(Path(pocketsphinx.get_model_path("en-us/en-us"))))


@pytest.fixture
def marks() -> Marks:
    return Marks()


@pytest.fixture
def decoding(lender: Lender, marks: Marks) -> UtteranceDecoding:
    return UtteranceDecoding(lender, marks)


def hear(decoding: UtteranceDecoding, marks: Marks, voice: float, windows: int) -> None:
    marks.voice = voice
    noise = np.random.default_rng(windows)
    for _ in range(windows):
        level = 3_000 if voice else 20
        decoding.take(noise.normal(0, level, WINDOW_BYTES // 2).astype(np.int16).tobytes())


def test_silence_borrows_nothing(decoding: UtteranceDecoding, marks: Marks, lender: Lender) -> None:
    hear(decoding, marks, 0.0, 50)
    assert (lender.lent, lender.decoder.utterances) == (0, [])
    assert decoding.finish() is None


def test_one_voiced_window_is_a_click(decoding: UtteranceDecoding, marks: Marks, lender: Lender) -> None:
    hear(decoding, marks, 0.9, 1)
    hear(decoding, marks, 0.0, 5)
    assert lender.lent == 0


def test_speech_is_decoded_with_what_came_before_it(decoding: UtteranceDecoding, marks: Marks, lender: Lender) -> None:
    hear(decoding, marks, 0.0, 30)
    hear(decoding, marks, 0.9, 10)
    assert lender.lent == 1
    assert lender.decoder.utterances[0] * 10 > 10 * WINDOW_MS + 250
    heard = decoding.finish()
    assert heard is not None
    assert (heard.text, heard.confidence, lender.lent) == ("w", 0.75, 0)
    assert 30 * WINDOW_MS - 450 < heard.start_ms < 30 * WINDOW_MS
    assert heard.end_ms == 40 * WINDOW_MS


def test_the_first_utterance_is_decoded_twice(decoding: UtteranceDecoding, marks: Marks, lender: Lender) -> None:
    hear(decoding, marks, 0.9, 20)
    decoding.finish()
    first, again = lender.decoder.utterances
    assert first == again


def test_the_decoder_waits_in_pauses_and_is_given_back_in_long_ones(
    decoding: UtteranceDecoding, marks: Marks, lender: Lender
) -> None:
    hear(decoding, marks, 0.9, 10)
    hear(decoding, marks, 0.0, 11)
    frames = sum(lender.decoder.utterances)
    hear(decoding, marks, 0.0, 10)
    assert sum(lender.decoder.utterances) == frames
    assert lender.lent == 1
    hear(decoding, marks, 0.0, 15)
    assert lender.lent == 0
    hear(decoding, marks, 0.9, 10)
    partial = decoding.partial()
    assert partial is not None
    assert partial.text == "w w"


def test_words_nobody_asks_for_are_forgotten(decoding: UtteranceDecoding, marks: Marks) -> None:
    hear(decoding, marks, 0.9, 10)
    hear(decoding, marks, 0.0, STALE_WINDOWS + 1)
    assert decoding.partial() is None
    assert decoding.finish() is None


def test_closing_gives_the_decoder_back(decoding: UtteranceDecoding, marks: Marks, lender: Lender) -> None:
    hear(decoding, marks, 0.9, 10)
    decoding.close()
    assert lender.lent == 0
