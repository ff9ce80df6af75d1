"""Azure's synthesizer without its pool: each piece of text has a synthesizer made and connected for it. A plug-in."""

from actors.ports import SpeechSynthesizer
from app.adapters.azure_speech.resource import required_resource, speech_use
from app.adapters.azure_speech.synthesizer import AzureSynthesizer
from app.adapters.azure_speech.threads import SdkThreads
from app.adapters.azure_speech.voice_lines import Lines
from config.settings import Settings


class _NoLines(Lines):
    """None is made in advance, and none is kept."""

    def wanted(self, rate_hz: int) -> int:
        return 0


def create(settings: Settings) -> SpeechSynthesizer:
    """The engine of the settings. By key only."""
    resource, use = required_resource(settings), speech_use(settings)
    engine = AzureSynthesizer(resource, use)
    engine.lines = _NoLines(resource, use, SdkThreads("cold-synthesizer"), None)
    return engine
