"""Which speech-to-speech service the settings name."""

from collections.abc import Callable

import pytest

from app.providers.realtime.configured import (
    azure_resource,
    openai_resource,
    voice_live_resource,
)
from app.providers.realtime.resource import RealtimeResource
from config.errors import SettingsError
from config.settings import Settings

AZURE = {
    "AZURE_OPENAI_ENDPOINT": "https://name.openai.azure.com",
    "AZURE_OPENAI_KEY": "key",
    "AZURE_OPENAI_REALTIME_DEPLOYMENT_ID": "speaker",
}
OPENAI = {"OPENAI_API_KEY": "key", "OPENAI_REALTIME_MODEL": "speaker"}
VOICE_LIVE = {
    "AZURE_VOICE_LIVE_ENDPOINT": "https://name.services.ai.azure.com",
    "AZURE_VOICE_LIVE_API_KEY": "key",
    "AZURE_VOICE_LIVE_MODEL": "speaker",
}

Find = Callable[[Settings], RealtimeResource | None]


def found(find: Find, environ: dict[str, str]) -> RealtimeResource:
    resource = find(Settings.read(environ))
    assert resource is not None
    return resource


@pytest.mark.parametrize(
    ("find", "environ", "address", "query", "header"),
    [
        (azure_resource, AZURE, "https://name.openai.azure.com/openai/v1/realtime", {}, {"api-key": "key"}),
        (openai_resource, OPENAI, "https://api.openai.com/v1/realtime", {}, {"Authorization": "Bearer key"}),
        (
            openai_resource,
            OPENAI | {"OPENAI_BASE_URL": "http://192.168.1.7:8000/v1"},
            "http://192.168.1.7:8000/v1/realtime",
            {},
            {"Authorization": "Bearer key"},
        ),
        (
            voice_live_resource,
            VOICE_LIVE,
            "https://name.services.ai.azure.com/voice-live/realtime",
            {"api-version": "2026-07-15"},
            {"api-key": "key"},
        ),
        (
            voice_live_resource,
            VOICE_LIVE | {"AZURE_VOICE_LIVE_PROFILE": "byom-azure-openai-realtime"},
            "https://name.services.ai.azure.com/voice-live/realtime",
            {"api-version": "2026-07-15", "profile": "byom-azure-openai-realtime"},
            {"api-key": "key"},
        ),
    ],
)
def test_where_it_is_and_what_proves_that_we_may(
    find: Find, environ: dict[str, str], address: str, query: dict[str, str], header: dict[str, str]
) -> None:
    resource = found(find, environ)
    assert (resource.address, resource.query, resource.model) == (address, query, "speaker")
    assert resource.key_headers() == header


@pytest.mark.parametrize("find", [azure_resource, openai_resource, voice_live_resource])
def test_nothing_is_used_that_nobody_named(find: Find) -> None:
    assert find(Settings.read({"OPENAI_API_KEY": "key"})) is None


def test_without_a_key_an_identity_is_used_by_azure_alone() -> None:
    azure = found(azure_resource, {name: value for name, value in AZURE.items() if name != "AZURE_OPENAI_KEY"})
    assert (azure.key, azure.identity, azure.key_headers()) == (None, True, {})
    assert "roles" in azure.proof
    openai = found(openai_resource, {"OPENAI_REALTIME_MODEL": "m", "OPENAI_BASE_URL": "http://127.0.0.1:1/v1"})
    assert (openai.key, openai.identity, openai.proof) == (None, False, "OPENAI_API_KEY")


@pytest.mark.parametrize(
    ("find", "environ", "named"),
    [
        (azure_resource, {"AZURE_OPENAI_REALTIME_DEPLOYMENT_ID": "m"}, "AZURE_OPENAI_ENDPOINT"),
        (azure_resource, AZURE | {"AZURE_OPENAI_ENDPOINT": "http://name.openai.azure.com"}, "AZURE_OPENAI_ENDPOINT"),
        (azure_resource, AZURE | {"AZURE_OPENAI_ENDPOINT": "https://n.com/openai/v1"}, "AZURE_OPENAI_ENDPOINT"),
        (openai_resource, {"OPENAI_REALTIME_MODEL": "m"}, "OPENAI_API_KEY"),
        (openai_resource, OPENAI | {"OPENAI_BASE_URL": "http://example.org/v1"}, "OPENAI_BASE_URL"),
        (voice_live_resource, {"AZURE_VOICE_LIVE_API_KEY": "key"}, "AZURE_VOICE_LIVE_ENDPOINT"),
        (voice_live_resource, {"AZURE_VOICE_LIVE_ENDPOINT": "https://n.com"}, "AZURE_VOICE_LIVE_MODEL"),
        (voice_live_resource, VOICE_LIVE | {"AZURE_VOICE_LIVE_ENDPOINT": "http://n.com"}, "AZURE_VOICE_LIVE_ENDPOINT"),
    ],
)
def test_half_of_what_is_needed_is_named(find: Find, environ: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        find(Settings.read(environ))


@pytest.mark.parametrize(
    ("find", "environ", "variable"),
    [
        (azure_resource, AZURE, "AZURE_OPENAI_REALTIME_DEPLOYMENT_ID"),
        (openai_resource, OPENAI, "OPENAI_REALTIME_MODEL"),
        (voice_live_resource, VOICE_LIVE, "AZURE_VOICE_LIVE_MODEL"),
    ],
)
def test_a_model_that_decides_by_itself_is_refused_by_name(find: Find, environ: dict[str, str], variable: str) -> None:
    with pytest.raises(SettingsError, match=rf"{variable}: GPT-Live-1 .*duplex"):
        find(Settings.read(environ | {variable: "GPT-Live-1"}))


def test_how_a_service_is_used() -> None:
    use = found(
        azure_resource,
        AZURE
        | {
            "REALTIME_VOICE": "marin",
            "REALTIME_TRANSCRIPTION_MODEL": "listener",
            "REALTIME_NOISE_REDUCTION": "near_field",
            "REALTIME_TURN_DETECTION": "server_vad",
        },
    ).use
    assert (use.voice, use.transcription_model, use.noise_reduction) == ("marin", "listener", "near_field")
    assert use.server_detection
    usual = found(azure_resource, AZURE).use
    assert (usual.noise_reduction, usual.server_detection) == ("", False)


def test_how_voice_live_is_used() -> None:
    use = found(voice_live_resource, VOICE_LIVE).use
    assert (use.transcription_model, use.semantic_model) == ("azure-speech", "")
    assert (use.noise_reduction, use.echo_cancellation) == ("", False)
    on = {"AZURE_VOICE_LIVE_NOISE_SUPPRESSION": "on", "AZURE_VOICE_LIVE_ECHO_CANCELLATION": "on"}
    use = found(voice_live_resource, VOICE_LIVE | on).use
    assert (use.noise_reduction, use.echo_cancellation) == ("azure_deep_noise_suppression", True)
    semantic = found(voice_live_resource, VOICE_LIVE | {"AZURE_VOICE_LIVE_TURN_DETECTION": "azure_semantic_vad_en"})
    assert semantic.use.semantic_model == "azure_semantic_vad_en"
    assert semantic.abilities.finds_ends
    assert not found(voice_live_resource, VOICE_LIVE).abilities.finds_ends
