"""Which Speech resource is used, what proves that we may, and how it is used."""

from urllib.parse import urlsplit

import msgspec

from actors.runtime.session_trace import Peer
from app.auth.origins import is_loopback
from config.errors import SettingsError
from config.secret import Secret
from config.settings import Settings

RECOGNITION_PATH = "/stt/speech/universal/v2"
SYNTHESIS_PATH = "/tts/cognitiveservices/websocket/v1"
STREAMING_PATH = "/tts/cognitiveservices/websocket/v2"


class SpeechResource(msgspec.Struct, frozen=True):
    """A Speech resource, by its endpoint or its region. Without a `key` an identity is used."""

    endpoint: str = ""
    """The origin of the service, with the scheme ws or wss and without a path."""
    region: str = ""
    key: Secret | None = None
    resource_id: str = ""
    """The id of the resource in Azure Resource Manager. With it an identity's token is sent as `aad#ID#TOKEN`, else as
    it is."""

    @property
    def name(self) -> str:
        """Name the resource for people: its region, or the host of its endpoint."""
        return self.endpoint or self.region

    def peer(self, url: str) -> Peer:
        """The service as telemetry names it, for what is done at `url`."""
        return Peer("Azure Speech", urlsplit(url).hostname or "")

    @property
    def proof(self) -> str:
        """The variable that a refusal points to."""
        return "AZURE_SPEECH_KEY" if self.key is not None else "the identity's roles (Cognitive Services Speech User)"

    @property
    def recognition_url(self) -> str:
        """Where the SDK goes for speech to text."""
        if self.endpoint:
            return self.endpoint + RECOGNITION_PATH
        return f"wss://{self.region}.stt.speech.microsoft.com{RECOGNITION_PATH.removeprefix('/stt')}"

    @property
    def synthesis_url(self) -> str:
        """Where the SDK goes for text to speech."""
        if self.endpoint:
            return self.endpoint + SYNTHESIS_PATH
        return f"wss://{self.region}.tts.speech.microsoft.com{SYNTHESIS_PATH.removeprefix('/tts')}"

    @property
    def streaming_url(self) -> str:
        """Where the SDK goes for text to speech while the text is still being written."""
        if self.endpoint:
            return self.endpoint + STREAMING_PATH
        return f"wss://{self.region}.tts.speech.microsoft.com{STREAMING_PATH.removeprefix('/tts')}"

    def bearer(self, token: str) -> str:
        """What is sent of an identity's `token`."""
        return f"aad#{self.resource_id}#{token}" if self.resource_id else token


class SpeechUse(msgspec.Struct, frozen=True):
    """How the Azure Speech service is to be used: segmentation, diarization, streamed text."""

    segmentation_ms: int = 500
    """Milliseconds of silence after which the service takes an utterance for complete."""
    diarization: bool = False
    """Whether the service tells speakers apart; final transcripts then begin with the speaker's name."""
    text_streaming: bool = False
    """Whether a reply is one request, to which text is sent as it is written; if not, each piece of it is a request."""
    undocumented: bool = True
    """Whether undocumented properties of the SDK are used: see `sdk_config.py` and `sdk_library.py`."""
    is_busy: bool = False
    """Whether the worker has so many streams that processor time counts for more than a few ms of latency."""


def speech_resource(settings: Settings) -> SpeechResource | None:
    """The resource of the settings, None if there is none.

    Raises:
        SettingsError: it cannot be used; the text holds nothing of the key.
    """
    endpoint, region, key = settings.azure_speech.endpoint, settings.azure_speech.region, settings.azure_speech.key
    if not endpoint and not region:
        if key is None:
            return None
        raise SettingsError("AZURE_SPEECH_KEY needs AZURE_SPEECH_REGION or AZURE_SPEECH_ENDPOINT beside it")
    if endpoint and region:
        raise SettingsError("AZURE_SPEECH_ENDPOINT and AZURE_SPEECH_REGION exclude each other")
    if region and key is None and not settings.azure_speech.resource_id:
        raise SettingsError("AZURE_SPEECH_REGION needs AZURE_SPEECH_KEY, or AZURE_SPEECH_RESOURCE_ID for an identity")
    resource_id = settings.azure_speech.resource_id if key is None else ""
    return SpeechResource(_origin(endpoint) if endpoint else "", region, key, resource_id)


def speech_use(settings: Settings) -> SpeechUse:
    """How the settings say that Azure Speech is to be used."""
    return SpeechUse(
        segmentation_ms=settings.azure_speech.segmentation_ms,
        diarization=settings.azure_speech.diarization,
        text_streaming=settings.azure_speech.text_streaming,
        undocumented=settings.azure_speech.undocumented,
    )


def required_resource(settings: Settings) -> SpeechResource:
    """As `speech_resource`, for who cannot do without.

    Raises:
        SettingsError: also when there is none.
    """
    resource = speech_resource(settings)
    if resource is None:
        raise SettingsError("azure needs AZURE_SPEECH_REGION or AZURE_SPEECH_ENDPOINT, with AZURE_SPEECH_KEY")
    return resource


def _origin(address: str) -> str:
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
        parts = urlsplit("")
    if host is None or parts.username is not None or parts.path.strip("/") or parts.query or parts.fragment:
        raise SettingsError("AZURE_SPEECH_ENDPOINT must be https://HOST with nothing behind it")
    encrypted = parts.scheme in ("https", "wss")
    if not encrypted and not is_loopback(host):
        raise SettingsError("AZURE_SPEECH_ENDPOINT must be https://HOST: http would send all unencrypted")
    authority = f"[{host}]" if ":" in host else host
    return f"{'wss' if encrypted else 'ws'}://{authority}" + (f":{port}" if port is not None else "")
