"""The speech-to-speech services that the settings name. Reads settings alone: no client is imported."""

from urllib.parse import urlsplit

from app.auth.origins import is_loopback, is_near
from app.providers.realtime.resource import RealtimeResource, RealtimeUse
from config.errors import SettingsError
from config.groups.azure_voice_live import SemanticDetection
from config.groups.realtime import NoiseReduction, TurnDetection
from config.settings import Settings

OPENAI = "https://api.openai.com/v1"
DUPLEX = "gpt-live"
"""The name of the models that decide by themselves when to speak; they have a protocol of their own, too."""


def azure_resource(settings: Settings) -> RealtimeResource | None:
    """The Azure OpenAI resource with a deployment that speaks, None if there is none.

    Raises:
        SettingsError: it cannot be used; the text holds nothing of the key.
    """
    azure, variable = settings.azure_openai, "AZURE_OPENAI_REALTIME_DEPLOYMENT_ID"
    if not azure.realtime_deployment_id:
        return None
    if not azure.endpoint:
        raise SettingsError(f"{variable} needs AZURE_OPENAI_ENDPOINT beside it")
    _require_encrypted(azure.endpoint, "AZURE_OPENAI_ENDPOINT")
    return RealtimeResource(
        label="Azure OpenAI Realtime",
        address=f"{azure.endpoint}/openai/v1/realtime",
        model=_of_turns(azure.realtime_deployment_id, variable),
        model_variable=variable,
        key=azure.key,
        key_variable="AZURE_OPENAI_KEY",
        use=_use(settings),
    )


def openai_resource(settings: Settings) -> RealtimeResource | None:
    """OpenAI, or the compatible server, with a model that speaks, None if none is named.

    Raises:
        SettingsError: it cannot be used; the text holds nothing of the key.
    """
    openai, variable = settings.openai, "OPENAI_REALTIME_MODEL"
    if not openai.realtime_model:
        return None
    address = openai.base_url or OPENAI
    if openai.api_key is None and not openai.base_url:
        raise SettingsError(f"{variable} needs OPENAI_API_KEY, or OPENAI_BASE_URL of a server that wants no key")
    if (
        openai.api_key is not None
        and urlsplit(address).scheme == "http"
        and not is_near(urlsplit(address).hostname or "")
    ):
        raise SettingsError("OPENAI_BASE_URL must be https://...: http would send OPENAI_API_KEY unencrypted")
    return RealtimeResource(
        label=f"{urlsplit(address).hostname} realtime",
        address=f"{address}/realtime",
        model=_of_turns(openai.realtime_model, variable),
        model_variable=variable,
        key=openai.api_key,
        key_variable="OPENAI_API_KEY",
        key_header="Authorization",
        identity=False,
        use=_use(settings),
    )


def voice_live_resource(settings: Settings) -> RealtimeResource | None:
    """Azure Voice Live, None if it is not configured.

    Raises:
        SettingsError: it cannot be used; the text holds nothing of the key.
    """
    voice_live = settings.azure_voice_live
    if not voice_live.endpoint:
        if voice_live.api_key is not None:
            raise SettingsError("AZURE_VOICE_LIVE_API_KEY needs AZURE_VOICE_LIVE_ENDPOINT beside it")
        return None
    if not voice_live.model:
        raise SettingsError("AZURE_VOICE_LIVE_ENDPOINT needs AZURE_VOICE_LIVE_MODEL beside it")
    _require_encrypted(voice_live.endpoint, "AZURE_VOICE_LIVE_ENDPOINT")
    query, detection = {"api-version": voice_live.api_version}, voice_live.turn_detection
    if voice_live.profile is not None:
        query["profile"] = voice_live.profile.value
    return RealtimeResource(
        label="Azure Voice Live",
        address=f"{voice_live.endpoint}/voice-live/realtime",
        query=query,
        model=_of_turns(voice_live.model, "AZURE_VOICE_LIVE_MODEL"),
        model_variable="AZURE_VOICE_LIVE_MODEL",
        key=voice_live.api_key,
        key_variable="AZURE_VOICE_LIVE_API_KEY",
        voice_live=True,
        use=RealtimeUse(
            voice=settings.realtime.voice,
            transcription_model=voice_live.transcription_model,
            noise_reduction="azure_deep_noise_suppression" if voice_live.noise_suppression else "",
            echo_cancellation=voice_live.echo_cancellation,
            semantic_model="" if detection is SemanticDetection.OFF else detection.value,
        ),
    )


def _use(settings: Settings) -> RealtimeUse:
    realtime = settings.realtime
    reduction = realtime.noise_reduction
    return RealtimeUse(
        voice=realtime.voice,
        transcription_model=realtime.transcription_model,
        noise_reduction="" if reduction is NoiseReduction.OFF else reduction.value,
        server_detection=realtime.turn_detection is TurnDetection.SERVER_VAD,
    )


def _of_turns(model: str, variable: str) -> str:
    if model.lower().startswith(DUPLEX):
        raise SettingsError(
            f"{variable}: {model} decides by itself when to speak (full duplex), which is not supported"
        )
    return model


def _require_encrypted(address: str, variable: str) -> None:
    parts = urlsplit(address)
    if parts.path.strip("/"):
        raise SettingsError(f"{variable} must be the resource's address, with nothing behind its host")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise SettingsError(f"{variable} must be https://...: http would send all unencrypted")
