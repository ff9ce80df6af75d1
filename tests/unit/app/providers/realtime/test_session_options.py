"""What a conversation asks, as the settings of one service."""

import msgspec
import pytest
from msgspec import UNSET

from actors.agent import Voice
from actors.ports.llm import ToolSchema
from actors.ports.realtime import RealtimeOptions, SessionChanges
from app.providers.realtime.resource import RealtimeResource, RealtimeUse
from app.providers.realtime.session_options import changed_settings, session_settings
from protocol.realtime.session_settings import Detection, Tool, Transcription, TurnDetection

GA = RealtimeResource(
    label="Realtime", address="http://127.0.0.1", model_variable="M", key_variable="K", use=RealtimeUse(voice="marin")
)
VOICE_LIVE = msgspec.structs.replace(
    GA,
    voice_live=True,
    use=RealtimeUse(voice="en-US-AvaMultilingualNeural", transcription_model="azure-speech", semantic_model="s"),
)
OPTIONS = RealtimeOptions(
    session_id="s", instructions="Be kind.", languages=("de-DE",), phrases=("Earshot",), silence_ms=700
)


@pytest.mark.parametrize(
    ("resource", "own", "name"),
    [
        (GA, "", "marin"),
        (GA, "cedar", "cedar"),
        (GA, "en-US-JennyNeural", "marin"),
        (VOICE_LIVE, "", "en-US-AvaMultilingualNeural"),
        (VOICE_LIVE, "en-US-JennyNeural", "en-US-JennyNeural"),
        (VOICE_LIVE, "marin", "marin"),
    ],
)
def test_an_agent_speaks_in_its_own_voice_if_the_service_has_it(
    resource: RealtimeResource, own: str, name: str
) -> None:
    settings = session_settings(msgspec.structs.replace(OPTIONS, voice=Voice(name=own)), resource)
    assert settings.voice is not UNSET
    assert settings.voice.name == name


@pytest.mark.parametrize(("own", "asked"), [("en-US-JennyNeural", True), ("marin", UNSET)])
def test_times_of_words_are_asked_of_voices_that_have_them(own: str, asked: object) -> None:
    options = msgspec.structs.replace(OPTIONS, voice=Voice(name=own))
    assert session_settings(options, VOICE_LIVE).word_times is asked


@pytest.mark.parametrize(
    ("resource", "rate_hz", "service_hz"),
    [(GA, 16_000, 24_000), (GA, 24_000, 24_000), (VOICE_LIVE, 16_000, 16_000), (VOICE_LIVE, 24_000, 24_000)],
)
def test_the_service_has_the_rate_of_the_call_if_it_can(
    resource: RealtimeResource, rate_hz: int, service_hz: int
) -> None:
    assert session_settings(msgspec.structs.replace(OPTIONS, rate_hz=rate_hz), resource).rate_hz == service_hz


@pytest.mark.parametrize(
    ("resource", "detect", "detection"),
    [
        (GA, False, Detection()),
        (VOICE_LIVE, False, Detection()),
        (GA, True, Detection(kind=TurnDetection.SERVER, silence_ms=700)),
        (VOICE_LIVE, True, Detection(kind=TurnDetection.SEMANTIC, silence_ms=700, semantic_model="s")),
    ],
)
def test_who_looks_for_the_ends_of_turns(resource: RealtimeResource, detect: bool, detection: Detection) -> None:
    settings = session_settings(msgspec.structs.replace(OPTIONS, detect_turns=detect), resource)
    assert settings.detection == detection


def test_words_of_the_caller_are_asked_for_where_a_model_is_named() -> None:
    assert session_settings(OPTIONS, GA).transcription is None
    wanted = Transcription(model="azure-speech", languages=("de-DE",), phrases=("Earshot",))
    assert session_settings(OPTIONS, VOICE_LIVE).transcription == wanted


def test_what_a_service_does_to_audio_is_left_to_it_unless_it_is_set() -> None:
    settings = session_settings(OPTIONS, VOICE_LIVE)
    assert (settings.noise_reduction, settings.echo_cancellation) == (UNSET, UNSET)
    use = RealtimeUse(noise_reduction="near_field", echo_cancellation=True)
    settings = session_settings(OPTIONS, msgspec.structs.replace(VOICE_LIVE, use=use))
    assert (settings.noise_reduction, settings.echo_cancellation) == ("near_field", True)


def test_only_what_changes_is_set() -> None:
    tools = (ToolSchema("book", "Book a table.", {"type": "object"}),)
    changed = changed_settings(SessionChanges(tools=tools))
    assert (changed.instructions, changed.tools) == (UNSET, (Tool("book", "Book a table.", {"type": "object"}),))
    assert changed_settings(SessionChanges(instructions="Be brief.")).instructions == "Be brief."


@pytest.mark.parametrize("resource", [GA, VOICE_LIVE])
def test_a_session_that_only_writes_is_asked_for_nothing_that_sounds(resource: RealtimeResource) -> None:
    settings = session_settings(msgspec.structs.replace(OPTIONS, speaks=False, max_tokens=800), resource)
    assert (settings.only_writes, settings.max_tokens, settings.instructions) == (True, 800, OPTIONS.instructions)
    sounding = (settings.voice, settings.rate_hz, settings.transcription, settings.word_times)
    assert sounding == (UNSET,) * 4
    assert settings.detection == Detection()
