"""Settings: Azure Voice Live, a speech-to-speech model with the voices and the recognizer of Azure."""

from enum import StrEnum
from typing import Annotated

import msgspec

from config import kinds
from config.secret import Secret
from config.variables import Variable


class SemanticDetection(StrEnum):
    """What finds the ends of turns by what is said."""

    OFF = "off"
    ENGLISH = "azure_semantic_vad_en"
    MULTILINGUAL = "azure_semantic_vad_multilingual"
    DEFAULT = "azure_semantic_vad"


class ByomProfile(StrEnum):
    """How a model of one's own is reached."""

    AZURE_OPENAI_REALTIME = "byom-azure-openai-realtime"
    AZURE_OPENAI_CHAT_COMPLETION = "byom-azure-openai-chat-completion"
    FOUNDRY_ANTHROPIC_MESSAGES = "byom-foundry-anthropic-messages"


class AzureVoiceLive(msgspec.Struct, frozen=True, kw_only=True):
    """Azure Voice Live, a speech-to-speech model with the voices and the recognizer of Azure."""

    endpoint: Annotated[
        str, Variable("AZURE_VOICE_LIVE_ENDPOINT", "Its resource, https://NAME.services.ai.azure.com", kinds.address())
    ] = ""
    api_key: Annotated[
        Secret | None,
        Variable("AZURE_VOICE_LIVE_API_KEY", "Its key; unset: an Entra identity is used", kinds.api_key()),
    ] = None
    model: Annotated[
        str,
        Variable("AZURE_VOICE_LIVE_MODEL", "The model that speaks with callers", kinds.identifier("a model's name")),
    ] = ""
    api_version: Annotated[
        str,
        Variable(
            "AZURE_VOICE_LIVE_API_VERSION",
            "Version of its API",
            kinds.matching("a version such as 2026-07-15", r"\d{4}-\d\d-\d\d(-preview)?"),
        ),
    ] = "2026-07-15"
    profile: Annotated[
        ByomProfile | None,
        Variable(
            "AZURE_VOICE_LIVE_PROFILE",
            "How a model of your own is reached; unset: the model is one of the service's",
            kinds.one_of(ByomProfile),
        ),
    ] = None
    transcription_model: Annotated[
        str,
        Variable(
            "AZURE_VOICE_LIVE_TRANSCRIPTION_MODEL",
            "What writes down the caller's words",
            kinds.identifier("a model's name"),
        ),
    ] = "azure-speech"
    turn_detection: Annotated[
        SemanticDetection,
        Variable(
            "AZURE_VOICE_LIVE_TURN_DETECTION",
            "What tells of ends of turns by what is said: there a shorter silence is enough; off: silence decides",
            kinds.one_of(SemanticDetection),
        ),
    ] = SemanticDetection.OFF
    noise_suppression: Annotated[
        bool,
        Variable("AZURE_VOICE_LIVE_NOISE_SUPPRESSION", "Whether noise is taken out of what it hears", kinds.switch()),
    ] = False
    echo_cancellation: Annotated[
        bool,
        Variable(
            "AZURE_VOICE_LIVE_ECHO_CANCELLATION",
            "Whether its own voice is taken out of what it hears; telephones and browsers do that themselves, and the "
            "service expects its audio to be played as it comes, which is not so here",
            kinds.switch(),
        ),
    ] = False
