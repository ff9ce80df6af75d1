"""Which engines a worker uses, and what it says when one is not installed or not configured."""

from importlib import metadata

import pytest

from app.engines.built_in import absent_engines
from app.engines.choice import chosen
from app.providers.moonshine.weights import DISTRIBUTION
from config.errors import SettingsError
from config.settings import Settings


def names(**environ: str) -> dict[str, str]:
    return {setting: engine.name for setting, engine in chosen(Settings.read(environ)).items()}


def test_unset_the_best_that_is_installed() -> None:
    assert names() == {
        "voice_activity": "silero",
        "end_of_turn": "words",
        "speech_recognizer": "moonshine",
        "speech_synthesizer": "hibari",
        "language_model": "script",
        "realtime_model": "none",
    }


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        (
            {"AZURE_VOICE_LIVE_ENDPOINT": "https://n.services.ai.azure.com", "AZURE_VOICE_LIVE_MODEL": "m"},
            "azure_voice_live",
        ),
        ({"AZURE_OPENAI_ENDPOINT": "https://n.com", "AZURE_OPENAI_REALTIME_DEPLOYMENT_ID": "m"}, "azure"),
        ({"OPENAI_API_KEY": "key", "OPENAI_REALTIME_MODEL": "m"}, "openai"),
    ],
)
def test_speech_to_speech_is_what_is_configured(environ: dict[str, str], name: str) -> None:
    assert names(**environ)["realtime_model"] == name


def test_what_is_to_listen_beside_and_is_not_configured_names_the_variable() -> None:
    with pytest.raises(SettingsError, match=r"^VOICE_LIVE_TRANSCRIBER: azure needs AZURE_SPEECH_REGION"):
        names(VOICE_LIVE_TRANSCRIBER="azure")


@pytest.mark.usefixtures("without_extra")
def test_one_that_is_asked_for_and_not_installed_names_the_extra() -> None:
    with pytest.raises(SettingsError, match=r"SPEECH_RECOGNIZER: moonshine needs the extra local"):
        names(SPEECH_RECOGNIZER="moonshine")


def test_without_the_model_the_engine_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    hide_weights(monkeypatch)
    with pytest.raises(SettingsError, match=r"moonshine needs its model.*requirements-models\.txt"):
        names(SPEECH_RECOGNIZER="moonshine")


def test_without_the_model_check_says_that_people_can_only_type(monkeypatch: pytest.MonkeyPatch) -> None:
    hide_weights(monkeypatch)
    assert names()["speech_recognizer"] == "none"
    (line,) = absent_engines(chosen(Settings.read({})))
    assert line.startswith("without speech_recognizer people can only type")
    assert "requirements-models.txt" in line


def hide_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where there is no wheel of the package that has them."""
    installed = metadata.distribution

    def distribution(name: str) -> metadata.Distribution:
        if name == DISTRIBUTION:
            raise metadata.PackageNotFoundError(name)
        return installed(name)

    monkeypatch.setattr(metadata, "distribution", distribution)


@pytest.mark.usefixtures("without_extra")
@pytest.mark.parametrize(("setting", "value"), [("ACS_SAMPLE_RATE", "24000"), ("ACS_PARTICIPANTS", "all")])
def test_audio_of_calls_that_needs_what_is_not_installed_names_the_extra(setting: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{setting}: {value} needs the extra local"):
        names(**{setting: value})
