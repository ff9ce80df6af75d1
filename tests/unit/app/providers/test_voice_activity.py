"""Voice activity: speech is voiced, noise is not, and models are lent, not owned."""

import gc
from array import array
from collections.abc import Callable, Iterator

import pytest

from actors.ports.vad import VoiceActivity
from app.providers.silero.voice_activity import (
    WINDOW_SAMPLES,
    EnergyVoiceActivity,
    GatedSilero,
    SileroPool,
    energy_gated_silero,
    energy_only,
)
from tests.kit.speech import CALLERS, FLITE, say, silence, white_noise, with_noise

WINDOW_BYTES = WINDOW_SAMPLES * 2
WINDOW_MS = 32
SENTENCE = "i would like to book an appointment please"


@pytest.fixture(scope="module")
def pool() -> SileroPool:
    pool = SileroPool()
    pool.prepare(2)
    return pool


@pytest.fixture(params=["gated", "energy"])
def detector(request: pytest.FixtureRequest, pool: SileroPool) -> Iterator[VoiceActivity]:
    made: VoiceActivity = GatedSilero(pool) if request.param == "gated" else EnergyVoiceActivity()
    yield made
    made.reset()


def voiced(detector: VoiceActivity, pcm: bytes) -> list[bool]:
    windows = (pcm[at : at + WINDOW_BYTES] for at in range(0, len(pcm) - WINDOW_BYTES + 1, WINDOW_BYTES))
    return [detector.probability(window) > 0.5 for window in windows]


def without_silence(pcm: bytes) -> bytes:
    """`pcm` from its first loud sample to its last: some voices begin and end with silence."""
    samples = array("h", pcm)
    loud = [at for at, sample in enumerate(samples) if abs(sample) > 300]
    return samples[loud[0] : loud[-1] + 1].tobytes()


@pytest.mark.parametrize("voice", CALLERS)
@pytest.mark.parametrize("snr_db", [None, 20.0, 10.0])
def test_speech_is_voiced_and_what_surrounds_it_is_not(pool: SileroPool, voice: str, snr_db: float | None) -> None:
    spoken = without_silence(say(SENTENCE, voice))
    pcm = silence(1_500) + spoken + silence(1_500)
    marks = voiced(GatedSilero(pool), pcm if snr_db is None else with_noise(pcm, snr_db))
    first, last = 1_500 // WINDOW_MS, (1_500 + len(spoken) // 32) // WINDOW_MS
    assert not any(marks[:first])
    assert not any(marks[last + 8 :])
    assert sum(marks[first : last + 1]) / (last - first) > 0.7


@pytest.mark.parametrize("level", [30.0, 300.0, 2_000.0])
def test_steady_noise_is_not_voiced(detector: VoiceActivity, level: float) -> None:
    assert sum(voiced(detector, white_noise(6_000, level))) == 0


def test_noise_that_begins_is_not_voiced(pool: SileroPool) -> None:
    assert sum(voiced(GatedSilero(pool), silence(2_000) + white_noise(4_000, 400.0))) <= 1


def test_the_fallback_hears_speech() -> None:
    marks = voiced(EnergyVoiceActivity(), silence(1_000) + say(SENTENCE, FLITE))
    assert sum(marks[32:]) / len(marks[32:]) > 0.5


def test_onset_is_heard_within_two_windows_in_noise(pool: SileroPool) -> None:
    spoken = say("yes please", FLITE)
    samples = memoryview(spoken).cast("h")
    loud_at_ms = next(at for at, sample in enumerate(samples) if abs(sample) > 1_000) // 16
    marks = voiced(GatedSilero(pool), with_noise(silence(2_000) + spoken, 20.0))
    heard_at_ms = (marks.index(True) + 1) * WINDOW_MS
    assert heard_at_ms - (2_000 + loud_at_ms) <= 3 * WINDOW_MS


def test_a_reset_detector_hears_the_same_again(detector: VoiceActivity) -> None:
    pcm = with_noise(silence(800) + say("yes please", FLITE) + silence(800), 20.0)
    first = voiced(detector, pcm)
    detector.reset()
    assert voiced(detector, pcm) == first


def test_a_model_is_lent_only_while_the_gate_is_open(pool: SileroPool) -> None:
    lent: list[object] = []
    pool_of_one = SileroPool(models_max=1)
    pool_of_one.prepare(1)
    borrow: Callable[[], object] = pool_of_one.borrow

    def watch() -> object:
        lent.append(model := borrow())
        return model

    pool_of_one.borrow = watch  # type: ignore[method-assign]
    detector = GatedSilero(pool_of_one)
    voiced(detector, silence(1_000))
    assert not lent
    voiced(detector, say("yes please", FLITE))
    assert len(lent) == 1
    assert pool_of_one.borrow() is None
    voiced(detector, silence(1_000))
    assert pool_of_one.borrow() is not None


def test_energy_decides_when_no_model_is_free() -> None:
    detector = GatedSilero(SileroPool(models_max=0))
    marks = voiced(detector, silence(1_000) + say(SENTENCE, FLITE))
    assert sum(marks[32:]) > 20


def test_a_detector_that_was_prepared_has_its_model_for_the_first_voice() -> None:
    pool = SileroPool(models_max=1)
    detector, prepared = GatedSilero(pool), GatedSilero(pool)
    prepared.prepare()
    model = pool.borrow()
    assert model is not None
    pool.give_back(model)
    assert sum(voiced(detector, silence(500) + say("yes please", FLITE))) > 5
    # While somebody speaks the only model is lent.
    voiced(detector, say("yes please", FLITE)[:20_000])
    assert pool.borrow() is None


def test_a_detector_is_prepared_without_a_model_where_there_may_be_none() -> None:
    pool = SileroPool(models_max=0)
    GatedSilero(pool).prepare()
    assert pool.borrow() is None


def test_a_detector_that_is_gone_gives_its_model_back() -> None:
    pool = SileroPool(models_max=1)
    pool.prepare(1)
    detector = GatedSilero(pool)
    voiced(detector, silence(500) + say("yes please", FLITE)[:20_000])
    assert pool.borrow() is None
    del detector
    gc.collect()
    assert pool.borrow() is not None


def test_one_that_is_garbage_together_with_what_failed_gives_it_back_too() -> None:
    class Failed:
        """What keeps itself and the detector, as an exception's traceback does."""

        def __init__(self, kept: GatedSilero) -> None:
            self.kept, self.itself = kept, self

    pool = SileroPool(models_max=1)
    pool.prepare(1)
    detector = GatedSilero(pool)
    voiced(detector, silence(500) + say("yes please", FLITE)[:20_000])
    Failed(detector)
    del detector
    gc.collect()
    assert pool.borrow() is not None


def test_factories_need_no_arguments() -> None:
    for factory in (energy_gated_silero, energy_only):
        made = factory()
        assert (made.rate_hz, made.window_samples) == (16_000, 512)
        assert made.probability(bytes(WINDOW_BYTES)) == 0.0
