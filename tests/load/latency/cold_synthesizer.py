"""Azure's synthesizer without its pool: each piece of text has a synthesizer made and connected for it. A plug-in."""

from actors.ports.tts import SpeechSynthesizer
from app.providers.azure.resource import required_resource, speech_use
from app.providers.azure.threads import SdkThreads
from app.providers.azure.tts.synthesizer import AzureSynthesizer
from app.providers.azure.tts.synthesizer_pool import SynthesizerPool
from config.settings import Settings


class _NoLines(SynthesizerPool):
    """None is made in advance, and none is kept."""

    def wanted(self, rate_hz: int) -> int:
        return 0


def create(settings: Settings) -> SpeechSynthesizer:
    """The engine of the settings. By key only."""
    resource, use = required_resource(settings), speech_use(settings)
    engine = AzureSynthesizer(resource, use)
    engine.pool = _NoLines(resource, use, SdkThreads("cold-synthesizer"), None)
    return engine
