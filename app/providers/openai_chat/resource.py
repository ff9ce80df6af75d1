"""Which service answers, what proves that we may ask it, and which of its models is meant."""

from urllib.parse import urlsplit

import msgspec

from actors.runtime.session_trace import Peer
from app.auth.origins import is_loopback, is_near
from config.errors import SettingsError
from config.secret import Secret
from config.settings import Settings

OPENAI = "https://api.openai.com/v1"


class ChatResource(msgspec.Struct, frozen=True):
    """A service that completes chats.

    On Azure `address` is the resource's endpoint and `model` a deployment; without a `key` an identity is used. Else
    `address` is the base URL, which ends with a version as a rule, and without a `key` none is wanted.
    """

    azure: bool
    address: str
    model: str = ""
    """The model or deployment for agents that name none."""
    key: Secret | None = None
    api_version: str = ""

    @property
    def label(self) -> str:
        """Name the service for people, in logs and in readiness."""
        return "Azure OpenAI" if self.azure else urlsplit(self.address).hostname or self.address

    @property
    def peer(self) -> Peer:
        """The service as telemetry names it."""
        return Peer(self.label, urlsplit(self.address).hostname or "")

    @property
    def proof(self) -> str:
        """The variable that a refused request points to: a key, or the identity."""
        if not self.azure:
            return "OPENAI_API_KEY"
        return "AZURE_OPENAI_KEY" if self.key else "the identity's roles (Cognitive Services OpenAI User)"

    @property
    def model_variable(self) -> str:
        """The variable that names the model or the deployment."""
        return "AZURE_OPENAI_CHAT_DEPLOYMENT_ID" if self.azure else "OPENAI_MODEL"


def azure_resource(settings: Settings) -> ChatResource | None:
    """The Azure OpenAI resource of the settings, None if there is none.

    Raises:
        SettingsError: it cannot be used; the text holds nothing of the key.
    """
    endpoint = settings.azure_openai.endpoint
    if not endpoint:
        if settings.azure_openai.key is not None:
            raise SettingsError("AZURE_OPENAI_KEY needs AZURE_OPENAI_ENDPOINT beside it")
        return None
    parts = urlsplit(endpoint)
    if "/openai" in parts.path:
        raise SettingsError("AZURE_OPENAI_ENDPOINT must be the resource's address, without /openai and what follows it")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise SettingsError("AZURE_OPENAI_ENDPOINT must be https://...: http would send all unencrypted")
    return ChatResource(
        azure=True,
        address=endpoint,
        model=settings.azure_openai.chat_deployment_id,
        key=settings.azure_openai.key,
        api_version=settings.azure_openai.api_version,
    )


def openai_resource(settings: Settings) -> ChatResource | None:
    """The OpenAI-compatible service of the settings, None if there is none: it is OPENAI_MODEL that asks for one.

    A key alone, which many shells have for other programs, sends nobody's conversations anywhere.

    Raises:
        SettingsError: it cannot be used; the text holds nothing of the key.
    """
    if not settings.openai.model:
        return None
    address, key = settings.openai.base_url or OPENAI, settings.openai.api_key
    if key is None and not settings.openai.base_url:
        raise SettingsError("OPENAI_MODEL needs OPENAI_API_KEY, or OPENAI_BASE_URL of a server that wants no key")
    parts = urlsplit(address)
    if key is not None and parts.scheme == "http" and not is_near(parts.hostname or ""):
        raise SettingsError("OPENAI_BASE_URL must be https://...: http would send OPENAI_API_KEY unencrypted")
    return ChatResource(azure=False, address=address, model=settings.openai.model, key=key)
