"""Which calls the telephone network transcribes."""

import msgspec
import pytest

from actors.session.modes.media import MEDIA
from actors.session.modes.transcription import TRANSCRIPTION
from app.telephony.call import Call, Direction
from app.telephony.media.network_transcription import transcribed_in
from config.settings import Settings
from tests.kit.session_kit import AGENT

GERMAN = msgspec.structs.replace(AGENT, languages=("de-DE", "en-US"))


@pytest.mark.parametrize(
    ("mode", "direction", "variables", "is_available", "language"),
    [
        (TRANSCRIPTION, Direction.INBOUND, {}, True, "de-DE"),
        (TRANSCRIPTION, Direction.INBOUND, {}, False, ""),
        (MEDIA, Direction.INBOUND, {}, True, ""),
        (TRANSCRIPTION, Direction.INBOUND, {"RECOGNIZED_LANGUAGE": "fr-FR"}, True, "fr-FR"),
        (TRANSCRIPTION, Direction.INBOUND, {"CALL_ACCESS_CODE": "4711"}, True, ""),
        (TRANSCRIPTION, Direction.OUTBOUND, {"CALL_ACCESS_CODE": "4711"}, True, "de-DE"),
    ],
)
def test_only_what_is_transcribed_and_nothing_else(
    mode: str, direction: Direction, variables: dict[str, str], *, is_available: bool, language: str
) -> None:
    call = Call(
        secret="s", session_id="s1", direction=direction, agent=GERMAN, mode=mode, caller="+15550100", created_at=1.0
    )
    assert transcribed_in(call, Settings.read(variables), is_available=is_available) == language
