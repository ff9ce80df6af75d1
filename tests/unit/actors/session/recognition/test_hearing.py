"""What a recognizer hears with fits together, or is refused before a caller is heard with it."""

import pytest

from actors.agent import Agent
from actors.ports.stt import RecognitionOptions
from actors.rules.end_of_turn.by_words import FixedSilence
from actors.session.recognition.hearing import Hearing
from tests.kit.fakes import EnergyActivity, FakeRecognizer

AGENT = Agent(name="a", label="A")


def hearing(rate_hz: int, *languages: str) -> Hearing:
    return Hearing(
        engine=FakeRecognizer([]),
        options=RecognitionOptions(session_id="s", rate_hz=rate_hz, languages=languages, phrases=()),
        detector=EnergyActivity(),
        endpointing=AGENT.endpointing,
        end_of_turn=FixedSilence(),
    )


def test_voice_activity_of_another_rate_is_refused_with_both_rates() -> None:
    wanted_hz = EnergyActivity().rate_hz
    with pytest.raises(ValueError, match=f"wants {wanted_hz} Hz, the caller's audio has {wanted_hz // 2} Hz"):
        hearing(wanted_hz // 2, "en-US")


def test_a_window_has_a_size_and_a_length() -> None:
    detector = EnergyActivity()
    heard = hearing(detector.rate_hz, "en-US")
    assert heard.window_bytes == 2 * detector.window_samples
    assert heard.window_ms * detector.rate_hz == 1_000 * detector.window_samples


@pytest.mark.parametrize(("languages", "only"), [(("de-DE",), "de-DE"), (("de-DE", "en-US"), ""), ((), "")])
def test_who_may_speak_several_languages_has_no_only_one(languages: tuple[str, ...], only: str) -> None:
    assert hearing(EnergyActivity().rate_hz, *languages).only_language == only
