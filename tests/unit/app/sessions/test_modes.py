"""Which modes a worker has, by what is configured."""

import pytest

from app.server.sockets.socket_writer import MAX_REASON_BYTES
from app.sessions.modes import NEEDS_MODEL, Modes

SPEAKING = Modes("media", speech_to_speech=True)
SILENT = Modes("media", speech_to_speech=False)


def test_a_mode_without_its_engine_is_refused_with_the_variables_that_configure_it() -> None:
    with pytest.raises(ValueError, match="voice_live needs AZURE_VOICE_LIVE_ENDPOINT, AZURE_OPENAI"):
        SILENT.usable_mode("VOICE_LIVE")
    assert len(f"streaming_mode: {NEEDS_MODEL}".encode()) <= MAX_REASON_BYTES
    assert SPEAKING.usable_mode("VOICE_LIVE") == "voice_live"
    assert SILENT.usable_mode("media") == "media"
    with pytest.raises(ValueError, match="one of media, voice_live, transcription"):
        SPEAKING.usable_mode("telepathy")


def test_a_session_that_asks_for_no_mode_gets_the_default_one() -> None:
    assert SILENT.usable_mode("") == "media"
    assert Modes("TRANSCRIPTION", speech_to_speech=False).usable_mode("") == "transcription"


def test_a_mode_without_its_engine_is_not_offered() -> None:
    assert SILENT.usable == ("media", "transcription")
    assert SPEAKING.usable == ("media", "voice_live", "transcription")
