"""Whether a server can work as it is configured: what stops it, and what it is only warned of."""

from pathlib import Path

import pytest

from actors.agent import Agent, Guardrail, GuardrailModel, InLanguage, OnFailure, Voice
from app.configuration import (
    Configuration,
    _require_voice,
    agents_without_words,
    features,
    languages_not_understood,
    topics_without_judge,
    usable_configuration,
    warnings_of,
)
from app.dialogue.schema import Dialogue, ScriptedAgent
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


def test_a_directory_in_which_calls_cannot_be_kept_is_warned_of(tmp_path: Path) -> None:
    (tmp_path / "a-file").touch()
    here = {"HOST": "127.0.0.1"}
    for name, warned in (("to-be-made/state", 0), ("a-file", 1), ("a-file/state", 1)):
        lines = list(warnings_of(Settings.read({**here, "STATE_DIRECTORY": str(tmp_path / name)})))
        assert len(lines) == warned
        assert all(line.startswith("STATE_DIRECTORY cannot be written") for line in lines)


@pytest.mark.parametrize(
    ("audience", "warned"),
    [
        ("3c0f4f5e-7a1c-4ce5-9a55-0d6b6b5b7c11", False),
        ("3C0F4F5E-7A1C-4CE5-9A55-0D6B6B5B7C11", False),
        ("earshot-voice-1", True),
        ("/subscriptions/3c0f4f5e-7a1c-4ce5-9a55-0d6b6b5b7c11/resourceGroups/g/providers/x", True),
    ],
)
def test_an_audience_that_no_token_of_acs_has_is_warned_of(audience: str, warned: bool) -> None:
    acs = {"ACS_CONNECTION_STRING": "endpoint=https://a.example/;accesskey=aGVsbG8="}
    environ = {**acs, "EVENT_GRID_SECRET": "a-secret-of-this-test", "HOST": "127.0.0.1", "ACS_AUDIENCE": audience}
    lines = list(
        warnings_of(Settings.read({**environ, "ENABLE_AUTH_VALIDATION": "on", "BASE_URL": "http://localhost"}))
    )
    assert [line.split()[0] for line in lines] == ["ACS_AUDIENCE"] * warned


def configuration(engine: str, *agents: Agent) -> Configuration:
    return Configuration(
        agents={agent.name: agent for agent in agents},
        tools={},
        engines={"language_model": BuiltIn(engine, "app.somewhere:make")},
    )


def test_an_agent_that_the_keyless_model_cannot_speak_for_is_named() -> None:
    speaks = ScriptedAgent(name="speaks", label="S", dialogue=Dialogue())
    is_mute = Agent(name="mute", label="M")
    assert list(agents_without_words(configuration("script", speaks, is_mute))) == [
        "the agent mute has no dialogue, which is all that LANGUAGE_MODEL script can speak"
    ]
    assert list(agents_without_words(configuration("azure", is_mute))) == []


def test_an_agent_by_whose_topics_nobody_judges_is_named() -> None:
    rail, closed = Guardrail(name="money", topic="Money."), GuardrailModel(on_failure=OnFailure.CLOSED)
    by_pattern = Agent(name="pattern", label="P", guardrails=(Guardrail(name="money", pattern="money"),))
    is_open = Agent(name="open", label="O", guardrails=(rail,))
    is_closed = Agent(name="closed", label="C", guardrails=(rail,), guardrail_model=closed)
    told = list(topics_without_judge(configuration("script", by_pattern, is_open, is_closed)))
    assert [line.rpartition(" agent ")[2] for line in told] == ["open: all is spoken", "closed: no reply is spoken"]
    assert list(topics_without_judge(configuration("openai", is_open))) == []


LOCAL = {
    "speech_recognizer": BuiltIn("moonshine", "app.somewhere:make", languages=("en",)),
    "speech_synthesizer": BuiltIn("hibari", "app.somewhere:make", languages=("en",)),
}


@pytest.mark.parametrize(
    ("languages", "recognized", "strange"),
    [
        (("en-US", "de-DE"), "", "de-DE"),
        (("de-DE", "en-GB", "es-ES"), "", "de-DE, es-ES"),
        (("en-US",), "en-US,fr-FR", "fr-FR"),
        (("de-DE",), "en-GB", ""),
        (("EN",), "", ""),
    ],
)
def test_callers_whom_the_recognizer_does_not_understand_are_named(
    languages: tuple[str, ...], recognized: str, strange: str
) -> None:
    settings = Settings.read({"RECOGNIZED_LANGUAGE": recognized} if recognized else {})
    agents = {"clerk": Agent(name="clerk", label="C", languages=languages)}
    told = list(languages_not_understood(Configuration(agents=agents, tools={}, engines=LOCAL), settings))
    line = "SPEECH_RECOGNIZER: moonshine understands en only, and callers of the agent clerk may speak {} too"
    assert told == ([line.format(strange)] if strange else [])


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
        _require_voice(LOCAL["speech_synthesizer"], agent)
    _require_voice(BuiltIn("azure", "app.somewhere:make"), agent)


def test_what_is_on_is_said_without_a_secret() -> None:
    environ = {
        **ACS, "BASE_URL": "https://x.example", "OPERATOR_TOKEN": "an-operator-token-of-32-characters",
        "CALL_ACCESS_CODE": "4711", "TOKEN_SIGNING_KEY": "a-signing-key-of-thirty-two-characters",
    }  # fmt: skip
    lines = list(features(Settings.read(environ), configuration("azure", Agent(name="a", label="A"))))
    for line in (
        "agents: a",
        "LANGUAGE_MODEL: azure",
        "operators: OPERATOR_TOKEN",
        "tokens of browsers: TOKEN_SIGNING_KEY",
        "telephone: in; out with caller_id (ACS_SOURCE_PHONE_NUMBER)",
        "access code of calls: on",
        "handing callers to a person: off (HANDOFF_PHONE_NUMBER)",
    ):
        assert line in lines
    for secret in ("4711", "aGVsbG8", environ["OPERATOR_TOKEN"], environ["TOKEN_SIGNING_KEY"]):
        assert secret not in "\n".join(lines)
