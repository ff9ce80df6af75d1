"""Which service speaks with callers, what proves that we may ask it, and how it is asked."""

from typing import Literal

import msgspec

from actors.ports.realtime import RealtimeAbilities
from config.secret import Secret
from protocol.realtime.dialect import Dialect
from protocol.realtime.ga_dialect import RATE_HZ, GaDialect
from protocol.realtime.voice_live_dialect import OUTPUT_FORMATS, VoiceLiveDialect

SCOPE = "https://ai.azure.com/.default"
"""The scope of an identity's token, on both of Azure's services."""


class RealtimeUse(msgspec.Struct, frozen=True, kw_only=True):
    """How a service is to be used; what a field leaves empty, the service decides."""

    voice: str = ""
    """The voice of agents whose own voice the service does not know."""
    transcription_model: str = ""
    """The model that transcribes the caller; empty for none."""
    noise_reduction: str = ""
    echo_cancellation: bool = False
    semantic_model: str = ""
    """The Voice Live model that finds the ends of turns; empty for none."""
    server_detection: bool = False
    """Whether the service finds turns by silence, and commits the audio of each."""


class RealtimeResource(msgspec.Struct, frozen=True, kw_only=True):
    """A service that speaks the Realtime protocol. Without a `key` an identity is used, on Azure's services."""

    label: str
    """The name of the service for people, in logs and in readiness."""
    address: str
    """The URL of the service's WebSocket, with the scheme http or https and without a query."""
    query: dict[str, str] = {}
    """Parameters of the URL's query besides the model."""
    model: str = ""
    model_variable: str
    """The environment variable that names the model or the deployment."""
    key: Secret | None = None
    key_variable: str
    key_header: Literal["api-key", "Authorization"] = "api-key"
    identity: bool = True
    """Whether the service takes the token of an identity if there is no key."""
    voice_live: bool = False
    use: RealtimeUse = RealtimeUse()

    @property
    def dialect(self) -> Dialect:
        """How this service spells the protocol."""
        return VoiceLiveDialect() if self.voice_live else GaDialect()

    @property
    def abilities(self) -> RealtimeAbilities:
        """What a service of this dialect can do."""
        return RealtimeAbilities(
            detects_turns=self.use.server_detection or bool(self.use.semantic_model),
            finds_ends=bool(self.use.semantic_model),
            speaks_text=self.voice_live,
            word_times=self.voice_live,
            transcribes=bool(self.use.transcription_model),
        )

    def service_hz(self, rate_hz: int) -> int:
        """The rate of its audio for a session at `rate_hz`: the same, if it can."""
        return rate_hz if self.voice_live and rate_hz in OUTPUT_FORMATS else RATE_HZ

    @property
    def proof(self) -> str:
        """The variable that a refused connection points to: a key, or the identity."""
        if self.key is not None or not self.identity:
            return self.key_variable
        return "the identity's roles (Cognitive Services OpenAI User, or Cognitive Services User and Foundry User)"

    def key_headers(self) -> dict[str, str]:
        """The header that proves who we are by the key; none where there is none."""
        if self.key is None:
            return {}
        key = self.key.reveal()
        return {self.key_header: key if self.key_header == "api-key" else f"Bearer {key}"}
