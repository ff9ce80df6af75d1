"""Sessions and responses of Azure Voice Live."""

from typing import Any

import pytest

from protocol.realtime.commands import CreateResponse
from protocol.realtime.session_settings import (
    Detection,
    SessionSettings,
    Tool,
    Transcription,
    TurnDetection,
    VoiceSettings,
)
from protocol.realtime.voice_live_dialect import VoiceLiveDialect

WHOLE = SessionSettings(
    instructions="You answer the telephone.",
    tools=(Tool("book", "Book a table.", {"type": "object"}),),
    voice=VoiceSettings(name="en-US-AvaMultilingualNeural", style="cheerful", rate=1.1, pitch=0.9),
    rate_hz=16_000,
    transcription=Transcription(model="azure-speech", languages=("en-US", "de-DE"), phrases=("Earshot",)),
    detection=Detection(kind=TurnDetection.SEMANTIC, silence_ms=500),
    max_tokens=400,
    temperature=0.7,
    noise_reduction="azure_deep_noise_suppression",
    echo_cancellation=True,
    word_times=True,
)


def test_a_whole_session() -> None:
    tool = {"type": "function", "name": "book", "description": "Book a table.", "parameters": {"type": "object"}}
    assert VoiceLiveDialect().session(WHOLE) == {
        "modalities": ["text", "audio"],
        "input_audio_format": "pcm16",
        "input_audio_sampling_rate": 16_000,
        "output_audio_format": "pcm16_16000hz",
        "input_audio_noise_reduction": {"type": "azure_deep_noise_suppression"},
        "input_audio_echo_cancellation": {"type": "server_echo_cancellation"},
        "instructions": "You answer the telephone.",
        "tools": [tool],
        "tool_choice": "auto",
        "max_response_output_tokens": 400,
        "temperature": 0.7,
        "voice": {
            "type": "azure-standard",
            "name": "en-US-AvaMultilingualNeural",
            "style": "cheerful",
            "rate": "1.1",
            "pitch": "-10%",
        },
        "input_audio_transcription": {
            "model": "azure-speech",
            "language": "en-US,de-DE",
            "phrase_list": ["Earshot"],
        },
        "turn_detection": {
            "type": "azure_semantic_vad_multilingual",
            "silence_duration_ms": 500,
            "create_response": False,
            "interrupt_response": False,
            "auto_truncate": False,
        },
        "output_audio_timestamp_types": ["word"],
    }


def test_what_is_not_set_is_not_sent() -> None:
    assert VoiceLiveDialect().session(SessionSettings(instructions="Be brief.")) == {"instructions": "Be brief."}


def test_none_switches_off() -> None:
    settings = SessionSettings(
        transcription=None, noise_reduction=None, echo_cancellation=False, word_times=False, detection=Detection()
    )
    assert VoiceLiveDialect().session(settings) == {
        "input_audio_transcription": None,
        "input_audio_noise_reduction": None,
        "input_audio_echo_cancellation": None,
        "output_audio_timestamp_types": [],
        "turn_detection": None,
    }


@pytest.mark.parametrize(
    ("detection", "kind"),
    [
        (Detection(kind=TurnDetection.SERVER), "server_vad"),
        (Detection(kind=TurnDetection.SEMANTIC, semantic_model="azure_semantic_vad_en"), "azure_semantic_vad_en"),
    ],
)
def test_who_looks_for_the_end_of_a_turn(detection: Detection, kind: str) -> None:
    session = VoiceLiveDialect().session(SessionSettings(detection=detection))
    assert session["turn_detection"]["type"] == kind


@pytest.mark.parametrize(
    ("name", "voice"),
    [
        ("marin", {"type": "openai", "name": "marin"}),
        (
            "en-US-Ava:DragonHDLatestNeural",
            {"type": "azure-standard", "name": "en-US-Ava:DragonHDLatestNeural"},
        ),
    ],
)
def test_whose_voice_it_is(name: str, voice: dict[str, Any]) -> None:
    assert VoiceLiveDialect().session(SessionSettings(voice=VoiceSettings(name=name)))["voice"] == voice


def test_a_session_without_a_voice_has_the_services_own() -> None:
    assert VoiceLiveDialect().session(SessionSettings(voice=VoiceSettings(name=""))) == {}


@pytest.mark.parametrize(("temperature", "sent"), [(0.0, 0.6), (2.0, 1.2)])
def test_the_temperature_is_one_that_the_service_takes(temperature: float, sent: float) -> None:
    assert VoiceLiveDialect().session(SessionSettings(temperature=temperature)) == {"temperature": sent}


def test_audio_of_24_khz_has_its_own_name() -> None:
    session = VoiceLiveDialect().session(SessionSettings(rate_hz=24_000))
    assert (session["input_audio_sampling_rate"], session["output_audio_format"]) == (24_000, "pcm16")


def test_a_rate_that_the_service_has_not_is_named() -> None:
    with pytest.raises(ValueError, match="rate_hz"):
        VoiceLiveDialect().session(SessionSettings(rate_hz=48_000))


def test_a_response_ends_no_other() -> None:
    assert VoiceLiveDialect().response(CreateResponse()) == {"cancel_previous": False}


def test_a_text_is_spoken_word_for_word() -> None:
    assert VoiceLiveDialect().response(CreateResponse(text="Hello.")) == {
        "cancel_previous": False,
        "pre_generated_assistant_message": {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "text", "text": "Hello."}],
        },
    }


def test_a_session_that_only_writes() -> None:
    settings = SessionSettings(instructions="Sum it up.", detection=Detection(), only_writes=True)
    assert VoiceLiveDialect().session(settings) == {
        "instructions": "Sum it up.",
        "modalities": ["text"],
        "turn_detection": None,
    }
