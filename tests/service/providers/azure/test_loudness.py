"""What may be speech by its loudness, and what is noise behind it."""

import array

import pytest

from app.providers.azure.stt.loudness import Loudness
from tests.kit.clients.spoken_caller import VOICE_LEVEL
from tests.kit.speech import FLITE_ALSO, say, silence, white_noise

RATE_HZ = 16_000
SENTENCE = "i would like to make an appointment for a cleaning tomorrow morning please"


def tone(ms: int, peak: int) -> bytes:
    return array.array("h", [peak, -peak] * (ms * RATE_HZ // 2_000)).tobytes()


def mixed(one: bytes, other: bytes) -> bytes:
    pairs = zip(array.array("h", one), array.array("h", other), strict=False)
    return array.array("h", [max(-32_768, min(32_767, a + b)) for a, b in pairs]).tobytes()


def test_a_voice_in_silence_is_loud_and_silence_is_not() -> None:
    loudness = Loudness(RATE_HZ)
    assert loudness.loud_ms(silence(500)) == 0
    assert loudness.loud_ms(tone(800, 5_000)) == 800
    assert loudness.loud_ms(silence(500)) == 0
    assert loudness.loud_ms(tone(800, 100)) == 0


@pytest.mark.parametrize("snr_db", [0, 10, 20, 30])
def test_steady_noise_is_never_loud(snr_db: int) -> None:
    assert Loudness(RATE_HZ).loud_ms(white_noise(20_000, VOICE_LEVEL / 10 ** (snr_db / 20), seed=1)) == 0


def test_a_voice_in_noise_is_loud_for_most_of_what_it_is_in_silence() -> None:
    voice = silence(400) + say(SENTENCE, FLITE_ALSO)
    noise = white_noise(len(voice) // 32 + 1, VOICE_LEVEL / 10, seed=2)
    in_silence = Loudness(RATE_HZ).loud_ms(voice)
    in_noise = Loudness(RATE_HZ).loud_ms(mixed(voice, noise))
    assert in_silence > 1_500
    assert in_noise > in_silence / 2


def test_it_makes_no_difference_how_audio_is_cut() -> None:
    audio = silence(300) + tone(1_000, 5_000) + silence(300)
    whole, cut = Loudness(RATE_HZ), Loudness(RATE_HZ)
    pieces = sum(cut.loud_ms(audio[at : at + 640]) for at in range(0, len(audio), 640))
    assert whole.loud_ms(audio) == pieces == 1_000
