"""What is different about an agent's voice, in the words of the service."""

from actors.agent import Voice
from app.providers.azure.tts.prosody import Prosody, prosody


def test_a_voice_as_usual_says_nothing_of_rate_and_pitch() -> None:
    assert prosody(Voice(language="en-US"), "ann") == Prosody("ann", "en-US")


def test_factors_are_percentages_with_their_sign() -> None:
    found = prosody(Voice(language="de-DE", style="calm", rate=1.25, pitch=0.9), "ann")
    assert (found.language, found.style, found.rate, found.pitch) == ("de-DE", "calm", "+25%", "-10%")
