"""Which modes a worker has, by what is configured."""

import pytest

from app.modes import NEEDS_MODEL, usable_mode, usable_modes
from app.server.socket_writer import MAX_REASON_BYTES


def test_a_mode_without_its_engine_is_refused_with_the_variables_that_configure_it() -> None:
    with pytest.raises(ValueError, match="voice_live needs AZURE_VOICE_LIVE_ENDPOINT, AZURE_OPENAI"):
        usable_mode("VOICE_LIVE", speech_to_speech=False)
    assert len(f"streaming_mode: {NEEDS_MODEL}".encode()) <= MAX_REASON_BYTES
    assert usable_mode("VOICE_LIVE", speech_to_speech=True) == "voice_live"
    assert usable_mode("media", speech_to_speech=False) == "media"
    with pytest.raises(ValueError, match="one of media, voice_live, transcription"):
        usable_mode("telepathy", speech_to_speech=True)


def test_a_mode_without_its_engine_is_not_offered() -> None:
    assert usable_modes(speech_to_speech=False) == ("media", "transcription")
    assert usable_modes(speech_to_speech=True) == ("media", "voice_live", "transcription")
