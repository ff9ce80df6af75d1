"""What differs between the two dialects of the service, as data: one state machine speaks both."""

from typing import Any

import msgspec


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """Names of events, of content, and of what a session may be told."""

    name: str
    audio: str
    """The beginning of the names of events about audio; `.delta` and `.done` follow."""
    transcript: str
    text: str
    """The same of events about what is written."""
    said_text: str
    said_audio: str
    """The types of an assistant's content, given by the client and made by the service."""
    item_events: tuple[str, ...]
    """What is told of an item that is in the conversation now."""
    session_keys: frozenset[str]
    response_keys: frozenset[str]
    """What a `response.create` may hold."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


GA = Dialect(
    name="ga",
    audio="response.output_audio",
    transcript="response.output_audio_transcript",
    text="response.output_text",
    said_text="output_text",
    said_audio="output_audio",
    item_events=("conversation.item.added", "conversation.item.done"),
    session_keys=_words(
        "type model instructions output_modalities max_output_tokens tools tool_choice "
        "parallel_tool_calls reasoning truncation include prompt tracing audio"
    ),
    response_keys=_words(
        "conversation input instructions max_output_tokens metadata output_modalities "
        "parallel_tool_calls prompt reasoning tool_choice tools audio"
    ),
)

VOICE_LIVE = Dialect(
    name="voice live",
    audio="response.audio",
    transcript="response.audio_transcript",
    text="response.text",
    said_text="text",
    said_audio="audio",
    item_events=("conversation.item.created",),
    session_keys=_words(
        "model modalities voice instructions input_audio_format input_audio_sampling_rate "
        "output_audio_format input_audio_transcription turn_detection input_audio_noise_reduction "
        "input_audio_echo_cancellation tools tool_choice parallel_tool_calls temperature "
        "max_response_output_tokens output_audio_timestamp_types animation avatar interim_response "
        "reasoning_effort include metadata"
    ),
    response_keys=_words(
        "commit cancel_previous append_input_items input_items modalities instructions voice "
        "output_audio_format tools tool_choice temperature max_output_tokens "
        "pre_generated_assistant_message reasoning_effort metadata interim_response"
    ),
)

FIRST_GA: dict[str, Any] = {
    "type": "realtime",
    "instructions": "",
    "output_modalities": ["audio"],
    "tools": [],
    "tool_choice": "auto",
    "max_output_tokens": "inf",
    "audio": {
        "input": {
            "format": {"type": "audio/pcm", "rate": 24_000},
            "noise_reduction": None,
            "transcription": None,
            "turn_detection": {
                "type": "server_vad",
                "threshold": 0.5,
                "prefix_padding_ms": 300,
                "silence_duration_ms": 200,
                "create_response": True,
                "interrupt_response": True,
            },
        },
        "output": {"format": {"type": "audio/pcm", "rate": 24_000}, "voice": "alloy", "speed": 1.0},
    },
}
"""A session before it is told anything."""

FIRST_VOICE_LIVE: dict[str, Any] = {
    "modalities": ["text", "audio"],
    "instructions": "",
    "voice": {"name": "en-US-AvaMultilingualNeural", "type": "azure-standard"},
    "input_audio_format": "pcm16",
    "input_audio_sampling_rate": 24_000,
    "output_audio_format": "pcm16",
    "input_audio_transcription": None,
    "turn_detection": {
        "type": "server_vad",
        "threshold": 0.5,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 500,
        "create_response": True,
        "interrupt_response": True,
    },
    "tools": [],
    "tool_choice": "auto",
    "temperature": 0.8,
    "max_response_output_tokens": "inf",
}
"""The same in the other dialect."""
