"""What a Realtime session can be told of itself, in words that both dialects share."""

from enum import StrEnum
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType


class TurnDetection(StrEnum):
    """Whether the service looks for the ends of turns. It never answers or interrupts by itself: the client does."""

    NONE = "none"
    """The service only takes the audio that is appended; the client says where a turn ends."""
    SERVER = "server"
    """The service tells where speech starts and stops, and commits each turn."""
    SEMANTIC = "semantic"
    """As `SERVER`, but what is said counts as well as silence; Azure Voice Live only."""


class Tool(msgspec.Struct, frozen=True):
    """A function that the model may call; `parameters` is the JSON Schema of an object."""

    name: str
    description: str
    parameters: dict[str, Any]


class VoiceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the model sounds. A name such as `en-US-AvaMultilingualNeural` is a voice of Azure, any other of OpenAI."""

    name: str
    language: str = ""
    style: str = ""
    rate: float = 1.0
    pitch: float = 1.0


class Transcription(msgspec.Struct, frozen=True, kw_only=True):
    """Which model writes down what the caller says, which languages it expects, and which phrases."""

    model: str
    languages: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()


class Detection(msgspec.Struct, frozen=True, kw_only=True):
    """How the service looks for the ends of turns, if it does; what is None is left to it."""

    kind: TurnDetection = TurnDetection.NONE
    silence_ms: int | None = None
    """Milliseconds of silence that end a turn."""
    semantic_model: str = ""
    """The Voice Live model that finds the ends of turns, such as `azure_semantic_vad_multilingual`."""


class SessionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be set; whatever is UNSET stays as it is. None switches a thing off."""

    instructions: str | UnsetType = UNSET
    tools: tuple[Tool, ...] | UnsetType = UNSET
    voice: VoiceSettings | UnsetType = UNSET
    rate_hz: int | UnsetType = UNSET
    """The sample rate in Hz of the audio in both directions, which is PCM16LE mono."""
    transcription: Transcription | UnsetType | None = UNSET
    detection: Detection | UnsetType = UNSET
    max_tokens: int | UnsetType = UNSET
    temperature: float | UnsetType = UNSET
    """The sampling temperature; Voice Live only, since the models of the other dialect have none."""
    noise_reduction: str | UnsetType | None = UNSET
    """The noise reduction: `near_field` or `far_field`, with Voice Live also `azure_deep_noise_suppression`."""
    echo_cancellation: bool | UnsetType = UNSET
    """Whether the service removes echo from the caller's audio; Voice Live only."""
    only_writes: bool = False
    """Whether the model answers in text without audio."""
    word_times: bool | UnsetType = UNSET
    """Whether the words of the model's audio come with their times; only Voice Live with Azure's voices can do that."""
