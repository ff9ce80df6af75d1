"""What a server that can work as it is configured warns of."""

from pathlib import Path

import pytest

from actors.agent import Agent, Guardrail, GuardrailModel, OnFailure
from app.configuration import Configuration
from app.configuration_warnings import (
    agents_without_words,
    languages_not_understood,
    topics_without_judge,
    warnings_of,
)
from app.dialogue.schema import Dialogue, ScriptedAgent
from app.engines.built_in import BuiltIn
from config.settings import Settings


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


RECOGNIZERS = {"speech_recognizer": BuiltIn("moonshine", "app.somewhere:make", languages=("en",))}


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
    told = list(languages_not_understood(Configuration(agents=agents, tools={}, engines=RECOGNIZERS), settings))
    line = "SPEECH_RECOGNIZER: moonshine understands en only, and callers of the agent clerk may speak {} too"
    assert told == ([line.format(strange)] if strange else [])
