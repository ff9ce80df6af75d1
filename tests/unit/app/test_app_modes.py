"""Which modes a worker has, by what is configured."""

import pytest

from app.modes import usable_mode


def test_a_mode_without_its_engine_is_refused_with_the_variables_that_configure_it() -> None:
    with pytest.raises(ValueError, match="voice_live needs a speech-to-speech model: set AZURE_VOICE_LIVE_ENDPOINT"):
        usable_mode("VOICE_LIVE", speech_to_speech=False)
    assert usable_mode("VOICE_LIVE", speech_to_speech=True) == "voice_live"
    assert usable_mode("media", speech_to_speech=False) == "media"
    with pytest.raises(ValueError, match="one of media, voice_live, transcription"):
        usable_mode("telepathy", speech_to_speech=True)
