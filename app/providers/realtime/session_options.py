"""What a conversation asks of a session, as the settings of one service. Pure."""

import re
from collections.abc import Sequence

from msgspec import UNSET

from actors.agent import Voice
from actors.ports.llm import ToolSchema
from actors.ports.realtime import RealtimeOptions, SessionChanges
from app.providers.realtime.resource import RealtimeResource
from protocol.realtime.session_settings import (
    Detection,
    SessionSettings,
    Tool,
    Transcription,
    TurnDetection,
    VoiceSettings,
)

WITH_LANGUAGE = re.compile(r"[a-z]{2,3}-[A-Za-z]{2,4}-.+")
"""Matches the names of Azure's voices, which begin with a language; the models' own voices have plain names."""


def session_settings(options: RealtimeOptions, resource: RealtimeResource) -> SessionSettings:
    """All settings of a new session."""
    use, voice_live = resource.use, resource.voice_live
    if not options.speaks:
        return SessionSettings(
            instructions=options.instructions,
            tools=_tools(options.tools),
            max_tokens=options.max_tokens,
            temperature=options.temperature,
            detection=Detection(),
            only_writes=True,
        )
    return SessionSettings(
        instructions=options.instructions,
        tools=_tools(options.tools),
        voice=_voice(options.voice, resource),
        rate_hz=resource.service_hz(options.rate_hz),
        transcription=_transcription(options, use.transcription_model),
        detection=_detection(options, resource),
        max_tokens=options.max_tokens,
        temperature=options.temperature,
        noise_reduction=use.noise_reduction or UNSET,
        echo_cancellation=use.echo_cancellation or UNSET,
        # Of the voices of the models themselves no words are told, and asking for them is refused.
        word_times=True if voice_live and WITH_LANGUAGE.fullmatch(_name(options.voice, resource)) else UNSET,
    )


def changed_settings(changes: SessionChanges) -> SessionSettings:
    """What is different from now on."""
    return SessionSettings(
        instructions=UNSET if changes.instructions is None else changes.instructions,
        tools=UNSET if changes.tools is None else _tools(changes.tools),
    )


def _tools(schemas: Sequence[ToolSchema]) -> tuple[Tool, ...]:
    return tuple(Tool(schema.name, schema.description, schema.parameters) for schema in schemas)


def _name(voice: Voice, resource: RealtimeResource) -> str:
    """The agent's own voice, if the service has such; a name of Azure's means nothing to a model's own voices."""
    known = resource.voice_live or not WITH_LANGUAGE.fullmatch(voice.name)
    return voice.name if voice.name and known else resource.use.voice


def _voice(voice: Voice, resource: RealtimeResource) -> VoiceSettings:
    return VoiceSettings(
        name=_name(voice, resource), language=voice.language, style=voice.style, rate=voice.rate, pitch=voice.pitch
    )


def _transcription(options: RealtimeOptions, model: str) -> Transcription | None:
    if not model:
        return None
    return Transcription(model=model, languages=options.languages, phrases=options.phrases)


def _detection(options: RealtimeOptions, resource: RealtimeResource) -> Detection:
    if not options.detect_turns:
        return Detection()
    kind = TurnDetection.SEMANTIC if resource.voice_live else TurnDetection.SERVER
    return Detection(kind=kind, silence_ms=options.silence_ms, semantic_model=resource.use.semantic_model)
