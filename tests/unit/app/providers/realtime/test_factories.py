"""The factories of the speech-to-speech engines."""

from collections.abc import Callable

import pytest

from actors.ports.realtime import RealtimeKind
from app.providers.realtime.factories import create_azure, create_openai, create_voice_live
from app.providers.realtime.model import RealtimeService
from config.errors import SettingsError
from config.settings import Settings
from tests.unit.app.providers.realtime.test_configured import AZURE, OPENAI, VOICE_LIVE


@pytest.mark.parametrize(
    ("create", "environ", "variable"),
    [
        (create_azure, AZURE, "AZURE_OPENAI_REALTIME_DEPLOYMENT_ID"),
        (create_openai, OPENAI, "OPENAI_REALTIME_MODEL"),
        (create_voice_live, VOICE_LIVE, "AZURE_VOICE_LIVE_ENDPOINT"),
    ],
)
def test_the_factories(create: Callable[[Settings], RealtimeService], environ: dict[str, str], variable: str) -> None:
    assert create(Settings.read(environ)).abilities.kind is RealtimeKind.TURNS
    with pytest.raises(SettingsError, match=variable):
        create(Settings.read({}))
