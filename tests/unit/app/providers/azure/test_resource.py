"""Which Speech resource the settings mean, and what is said when they mean none."""

import pytest

from actors.errors import ErrorKind
from app.engines.choice import chosen
from app.providers.azure.failures import KINDS, failure
from app.providers.azure.resource import SpeechResource, required_resource, speech_resource, speech_use
from config.errors import SettingsError
from config.settings import Settings

ID = "/subscriptions/1/resourceGroups/2/providers/Microsoft.CognitiveServices/accounts/3"


def resource(**environ: str) -> SpeechResource | None:
    return speech_resource(Settings.read(environ))


def test_nothing_set_is_no_resource() -> None:
    assert resource() is None
    with pytest.raises(SettingsError, match="AZURE_SPEECH_REGION"):
        required_resource(Settings())


def test_a_region_and_a_key() -> None:
    found = resource(AZURE_SPEECH_REGION="westeurope", AZURE_SPEECH_KEY="0123")
    assert found is not None
    assert found.key is not None
    assert (found.region, found.endpoint, found.key.reveal()) == ("westeurope", "", "0123")
    assert found.recognition_url == "wss://westeurope.stt.speech.microsoft.com/speech/universal/v2"
    assert found.synthesis_url == "wss://westeurope.tts.speech.microsoft.com/cognitiveservices/websocket/v1"


@pytest.mark.parametrize(
    ("written", "origin"),
    [
        ("https://mine.cognitiveservices.azure.com/", "wss://mine.cognitiveservices.azure.com"),
        ("wss://mine.cognitiveservices.azure.com:444", "wss://mine.cognitiveservices.azure.com:444"),
        ("ws://127.0.0.1:8080", "ws://127.0.0.1:8080"),
        ("http://[::1]:8080/", "ws://[::1]:8080"),
    ],
)
def test_an_endpoint_is_an_origin(written: str, origin: str) -> None:
    found = resource(AZURE_SPEECH_ENDPOINT=written)
    assert found is not None
    assert found.endpoint == origin
    assert found.recognition_url == origin + "/stt/speech/universal/v2"


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"AZURE_SPEECH_KEY": "0123"}, "AZURE_SPEECH_REGION or AZURE_SPEECH_ENDPOINT"),
        ({"AZURE_SPEECH_REGION": "westeurope"}, "AZURE_SPEECH_RESOURCE_ID"),
        ({"AZURE_SPEECH_REGION": "a1", "AZURE_SPEECH_ENDPOINT": "https://b.c"}, "exclude each other"),
        ({"AZURE_SPEECH_ENDPOINT": "http://example.org"}, "unencrypted"),
        ({"AZURE_SPEECH_ENDPOINT": "https://example.org/path"}, "nothing behind it"),
        ({"AZURE_SPEECH_ENDPOINT": "https://user@example.org"}, "nothing behind it"),
        ({"AZURE_SPEECH_ENDPOINT": "https://example.org:port"}, "nothing behind it"),
    ],
)
def test_what_cannot_be_used_is_one_line(environ: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        resource(**environ)


def test_an_identity_names_the_resource_in_its_token() -> None:
    found = resource(AZURE_SPEECH_REGION="westeurope", AZURE_SPEECH_RESOURCE_ID=ID)
    assert found is not None
    assert found.bearer("jwt") == f"aad#{ID}#jwt"
    assert SpeechResource(endpoint="wss://mine").bearer("jwt") == "jwt"


def test_the_settings_say_how_it_is_used() -> None:
    use = speech_use(Settings.read({"AZURE_SPEECH_SEGMENTATION_MS": "300", "AZURE_SPEECH_UNDOCUMENTED": "off"}))
    assert (use.segmentation_ms, use.diarization, use.undocumented) == (300, False, False)


def test_azure_is_chosen_when_it_is_configured() -> None:
    environ = {"AZURE_SPEECH_REGION": "westeurope", "AZURE_SPEECH_KEY": "0123"}
    engines = chosen(Settings.read(environ))
    assert (engines["speech_recognizer"].name, engines["speech_synthesizer"].name) == ("azure", "azure")
    engines = chosen(Settings.read(environ | {"SPEECH_RECOGNIZER": "moonshine"}))
    assert (engines["speech_recognizer"].name, engines["speech_synthesizer"].name) == ("moonshine", "azure")


def test_azure_that_is_asked_for_and_not_configured_says_what_it_needs() -> None:
    with pytest.raises(SettingsError, match="SPEECH_SYNTHESIZER: azure needs AZURE_SPEECH_REGION or"):
        chosen(Settings.read({"SPEECH_SYNTHESIZER": "azure"}))


def test_a_refusal_points_to_what_proves_who_we_are() -> None:
    found = failure(
        "AuthenticationFailure", "WebSocket upgrade failed: Authentication error (401).", "AZURE_SPEECH_KEY"
    )
    assert found.kind is ErrorKind.AUTHENTICATION
    assert "AZURE_SPEECH_KEY" in found.detail


def test_nothing_of_what_the_service_says_is_passed_on_but_a_number() -> None:
    found = failure("ServiceError", "websocket error code: 1011, the caller said: secret things SessionId: 12", "")
    assert found.detail == "Azure Speech: ServiceError (1011)"


def test_every_reason_of_the_sdk_is_known() -> None:
    from azure.cognitiveservices.speech import CancellationErrorCode  # type: ignore[import-untyped]

    internal = {"NoError", "ServiceRedirectTemporary", "ServiceRedirectPermanent", "EmbeddedModelError"}
    assert {code.name for code in CancellationErrorCode} - internal == KINDS.keys()
    assert failure("SomethingElse", "", "").kind is ErrorKind.INTERNAL
