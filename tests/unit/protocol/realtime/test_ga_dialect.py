"""Sessions and responses of the GA dialect."""

import pytest

from protocol.realtime.commands import CreateResponse
from protocol.realtime.ga_dialect import GaDialect
from protocol.realtime.session_settings import (
    Detection,
    SessionSettings,
    Tool,
    Transcription,
    TurnDetection,
    VoiceSettings,
)

WHOLE = SessionSettings(
    instructions="You answer the telephone.",
    tools=(Tool("book", "Book a table.", {"type": "object"}),),
    voice=VoiceSettings(name="marin", rate=1.2),
    rate_hz=24_000,
    transcription=Transcription(model="listener", languages=("de-CH",)),
    detection=Detection(),
    max_tokens=10_000,
    temperature=0.7,
    noise_reduction="near_field",
)


def test_a_whole_session() -> None:
    tool = {"type": "function", "name": "book", "description": "Book a table.", "parameters": {"type": "object"}}
    pcm = {"type": "audio/pcm", "rate": 24_000}
    assert GaDialect().session(WHOLE) == {
        "type": "realtime",
        "instructions": "You answer the telephone.",
        "output_modalities": ["audio"],
        "max_output_tokens": 4_096,
        "tools": [tool],
        "tool_choice": "auto",
        "audio": {
            "input": {
                "format": pcm,
                "noise_reduction": {"type": "near_field"},
                "transcription": {"model": "listener", "language": "de"},
                "turn_detection": None,
            },
            "output": {"format": pcm, "voice": "marin", "speed": 1.2},
        },
    }


def test_what_is_not_set_is_not_sent() -> None:
    assert GaDialect().session(SessionSettings(instructions="Be brief.")) == {
        "type": "realtime",
        "instructions": "Be brief.",
    }


def test_none_switches_off() -> None:
    session = GaDialect().session(SessionSettings(transcription=None, noise_reduction=None))
    assert session["audio"]["input"] == {"transcription": None, "noise_reduction": None}


def test_of_several_languages_the_model_finds_the_one_that_is_spoken() -> None:
    transcription = Transcription(model="listener", languages=("de-CH", "fr-CH"))
    session = GaDialect().session(SessionSettings(transcription=transcription))
    assert session["audio"]["input"]["transcription"] == {"model": "listener"}


def test_the_service_never_answers_or_interrupts_by_itself() -> None:
    detection = Detection(kind=TurnDetection.SERVER, silence_ms=700)
    session = GaDialect().session(SessionSettings(detection=detection))
    assert session["audio"]["input"]["turn_detection"] == {
        "type": "server_vad",
        "silence_duration_ms": 700,
        "create_response": False,
        "interrupt_response": False,
    }


@pytest.mark.parametrize(("rate", "speed"), [(0.1, 0.25), (2.0, 1.5)])
def test_a_voice_is_as_slow_and_as_fast_as_it_can(rate: float, speed: float) -> None:
    session = GaDialect().session(SessionSettings(voice=VoiceSettings(name="", rate=rate)))
    assert session["audio"]["output"] == {"speed": speed}


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        (SessionSettings(detection=Detection(kind=TurnDetection.SEMANTIC)), "detection"),
        (SessionSettings(rate_hz=16_000), "rate_hz"),
    ],
)
def test_what_the_service_has_not_is_named(settings: SessionSettings, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        GaDialect().session(settings)


def test_no_text_is_spoken_word_for_word() -> None:
    with pytest.raises(ValueError, match="word for word"):
        GaDialect().response(CreateResponse(text="Hello."))


def test_a_session_that_only_writes() -> None:
    settings = SessionSettings(instructions="Sum it up.", detection=Detection(), only_writes=True)
    assert GaDialect().session(settings) == {
        "type": "realtime",
        "instructions": "Sum it up.",
        "output_modalities": ["text"],
        "audio": {"input": {"turn_detection": None}},
    }
