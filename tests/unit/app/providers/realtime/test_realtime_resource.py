"""A speech-to-speech service as it is configured: what it can do, how it is spelt, and what proves who we are."""

import msgspec
import pytest

from app.providers.realtime.resource import RealtimeResource, RealtimeUse
from config.secret import Secret
from protocol.realtime.ga_dialect import GaDialect
from protocol.realtime.voice_live_dialect import VoiceLiveDialect

GA = RealtimeResource(
    label="OpenAI", address="https://api.example/v1/realtime", model_variable="MODEL", key_variable="OPENAI_API_KEY"
)
VOICE_LIVE = RealtimeResource(
    label="Voice Live",
    address="https://voice.example",
    model_variable="MODEL",
    key_variable="KEY",
    voice_live=True,
    use=RealtimeUse(transcription_model="azure-speech", semantic_model="azure_semantic_vad"),
)


def test_each_service_is_spoken_with_in_its_dialect() -> None:
    assert isinstance(GA.dialect, GaDialect)
    assert isinstance(VOICE_LIVE.dialect, VoiceLiveDialect)


def test_what_a_service_can_do_follows_from_its_kind_and_its_use() -> None:
    plain, live = GA.abilities, VOICE_LIVE.abilities
    assert (plain.speaks_text, plain.word_times, plain.transcribes, plain.finds_ends) == (False,) * 4
    assert (live.speaks_text, live.word_times, live.transcribes, live.finds_ends) == (True,) * 4
    assert (plain.detects_turns, live.detects_turns) == (False, True)
    by_silence = msgspec.structs.replace(GA, use=RealtimeUse(server_detection=True)).abilities
    assert (by_silence.detects_turns, by_silence.finds_ends) == (True, False)


@pytest.mark.parametrize(("rate_hz", "ga", "voice_live"), [(16_000, 24_000, 16_000), (24_000, 24_000, 24_000)])
def test_a_service_keeps_the_rate_of_a_session_if_it_can(rate_hz: int, ga: int, voice_live: int) -> None:
    assert GA.service_hz(rate_hz) == ga
    assert VOICE_LIVE.service_hz(rate_hz) == voice_live


def with_key(header: str) -> RealtimeResource:
    return RealtimeResource(
        label="a",
        address="b",
        model_variable="M",
        key_variable="K",
        key=Secret("0123"),
        key_header=header,  # type: ignore[arg-type]
    )


def test_a_key_goes_into_the_header_that_the_service_wants() -> None:
    assert with_key("api-key").key_headers() == {"api-key": "0123"}
    assert with_key("Authorization").key_headers() == {"Authorization": "Bearer 0123"}
    assert GA.key_headers() == {}


def test_a_refusal_points_to_what_proves_who_we_are() -> None:
    assert with_key("api-key").proof == "K"
    assert VOICE_LIVE.proof.startswith("the identity's roles")
    no_identity = RealtimeResource(label="a", address="b", model_variable="M", key_variable="K", identity=False)
    assert no_identity.proof == "K"


def test_a_key_is_not_shown_with_its_resource() -> None:
    assert "0123" not in repr(with_key("api-key"))
