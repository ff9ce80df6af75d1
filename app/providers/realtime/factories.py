"""The factories of the speech-to-speech engines, loaded with their client only where one is used."""

from app.providers.realtime import configured
from app.providers.realtime.model import RealtimeService
from app.providers.realtime.resource import RealtimeResource
from config.errors import SettingsError
from config.settings import Settings


def create_azure(settings: Settings) -> RealtimeService:
    """The factory that `REALTIME_MODEL=azure` names.

    Raises:
        SettingsError: no deployment is configured.
    """
    return RealtimeService(_required(configured.azure_resource(settings), "AZURE_OPENAI_REALTIME_DEPLOYMENT_ID"))


def create_openai(settings: Settings) -> RealtimeService:
    """The factory that `REALTIME_MODEL=openai` names.

    Raises:
        SettingsError: no model is configured.
    """
    return RealtimeService(_required(configured.openai_resource(settings), "OPENAI_REALTIME_MODEL"))


def create_voice_live(settings: Settings) -> RealtimeService:
    """The factory that `REALTIME_MODEL=azure_voice_live` names.

    Raises:
        SettingsError: the service is not configured.
    """
    return RealtimeService(_required(configured.voice_live_resource(settings), "AZURE_VOICE_LIVE_ENDPOINT"))


def _required(resource: RealtimeResource | None, variable: str) -> RealtimeResource:
    if resource is None:
        raise SettingsError(f"{variable} is unset")
    return resource
