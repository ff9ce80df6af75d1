"""Whether a server can work as it is configured: what stops it."""

import pytest

from actors.agent import Agent, InLanguage, Voice
from app.configuration import _require_voice, usable_configuration
from app.engines.built_in import BuiltIn
from config.errors import SettingsError
from config.settings import Settings
from tests.kit.service_kit import FAKES

ACS = {"ACS_CONNECTION_STRING": "endpoint=https://a.example/;accesskey=aGVsbG8="}


def test_what_comes_with_the_repository_works_with_any_engines() -> None:
    found = usable_configuration(Settings.read(FAKES))
    assert "dentist" in found.agents
    assert "book_appointment" in found.tools
    assert found.engines["language_model"].name == FAKES["LANGUAGE_MODEL"]


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        (ACS, "ACS is configured, and does not know how to reach this server: set BASE_URL"),
        ({"ACS_STREAMING_MODE": "voice_live"}, "ACS_STREAMING_MODE: "),
        ({"RECORD_SESSIONS": "all"}, "nowhere to write to: set RECORD_DIRECTORY"),
        ({"DEFAULT_AGENT": "nobody"}, "DEFAULT_AGENT is 'nobody'; it must be one of "),
    ],
)
def test_what_does_not_fit_together_names_the_variable(environ: dict[str, str], line: str) -> None:
    with pytest.raises(SettingsError, match=line):
        usable_configuration(Settings.read({**FAKES, **environ}))


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        ({"CALL_RECORD_URL": "https://crm.example/records"}, "set CALL_RECORD_SECRET"),
        (
            {"CALL_RECORD_URL": "http://crm.example/records", "CALL_RECORD_SECRET": "a-secret-of-this-test"},
            "CALL_RECORD_URL must be https",
        ),
    ],
)
def test_records_are_signed_and_sent_encrypted(environ: dict[str, str], line: str) -> None:
    with pytest.raises(SettingsError, match=line):
        usable_configuration(Settings.read({**FAKES, **environ}))


@pytest.mark.parametrize("is_own", [True, False])
def test_a_voice_that_the_synthesizer_does_not_speak_stops_the_start(is_own: bool) -> None:
    german = Voice(language="de-DE")
    own, other = (german, None) if is_own else (Voice(), german)
    agent = Agent(
        name="clerk",
        label="C",
        languages=("en-US", "de-DE"),
        voice=own,
        in_language={"de-DE": InLanguage(greeting="Guten Tag.", voice=other)},
    )
    with pytest.raises(SettingsError, match="the voice of the agent clerk is to speak de-DE"):
        _require_voice(BuiltIn("hibari", "app.somewhere:make", languages=("en",)), agent)
    _require_voice(BuiltIn("azure", "app.somewhere:make"), agent)
