"""What is known of a call before a word is said, and which agent answers which number."""

import pytest

from actors.agent import Agent
from actors.session_context import Channel
from app.telephony.call_context import agent_for, inbound_context, outbound_context, require_agents_by_number
from app.telephony.inbound.incoming_call import IncomingCall
from config.errors import SettingsError
from config.settings import Settings
from protocol.calls import InitiateCall

AGENTS = {name: Agent(name=name, label=name) for name in ("clinic", "hotel")}
BY_NUMBER = Settings.read({"AGENT_BY_NUMBER": "+15550199=hotel"})


def test_a_call_that_comes_in_says_who_calls_whom_and_what_came_with_it() -> None:
    about = inbound_context(
        IncomingCall(
            handle="opaque",
            caller="+15550100",
            called="8:acs:resource_user",
            caller_name="Ann",
            headers={"X-Order": "7"},
        )
    )
    assert (about.channel, about.direction) == (Channel.TELEPHONE, "inbound")
    assert (about.caller, about.called, about.caller_name) == ("+15550100", "8:acs:resource_user", "Ann")
    assert about.headers == {"X-Order": "7"}


def test_whoever_hides_is_nobody() -> None:
    about = inbound_context(IncomingCall(handle="opaque"))
    assert (about.caller, about.called, about.headers) == ("", "", {})


@pytest.mark.parametrize(
    ("headers", "called", "language"),
    [
        ({}, "+15550199", ""),
        ({}, "+15550188", "de-DE"),
        ({"X-MS-Custom-Language": " es-ES "}, "+15550188", "es-ES"),
        ({"x-ms-custom-language": ""}, "+15550188", "de-DE"),
    ],
)
def test_a_header_or_the_number_that_was_called_says_which_language_is_spoken(
    headers: dict[str, str], called: str, language: str
) -> None:
    settings = Settings.read({"LANGUAGE_BY_NUMBER": "+15550188=de-DE"}).telephony
    incoming = IncomingCall(handle="opaque", called=called, headers=headers)
    assert inbound_context(incoming, settings).language == language


@pytest.mark.parametrize("text", ["5550100=de-DE", "+12065550100", "+1206=de,+1206=en", "+12065550100=German!"])
def test_what_is_no_language_of_a_number_stops_the_start(text: str) -> None:
    with pytest.raises(SettingsError, match="LANGUAGE_BY_NUMBER has a value that cannot be used"):
        Settings.read({"LANGUAGE_BY_NUMBER": text})


def test_a_placed_call_keeps_from_the_agent_what_is_for_the_server() -> None:
    asked = InitiateCall(
        target_number="+15550123",
        context={"order": 7, "browser_session_id": "secret"},
        caller_name="Ann",
        language="de-DE",
    )
    about = outbound_context(asked, "+15550199")
    assert (about.direction, about.caller, about.called) == ("outbound", "+15550123", "+15550199")
    assert (about.context, about.caller_name, about.language) == ({"order": 7}, "Ann", "de-DE")


@pytest.mark.parametrize(("called", "name"), [("+15550199", "hotel"), ("+15550188", "clinic")])
def test_the_number_that_was_called_chooses_the_agent(called: str, name: str) -> None:
    incoming = IncomingCall(handle="opaque", called=called)
    assert agent_for(inbound_context(incoming), BY_NUMBER, AGENTS, "clinic").name == name


def test_a_number_without_an_agent_stops_the_start_and_is_not_shown() -> None:
    require_agents_by_number(BY_NUMBER, AGENTS)
    with pytest.raises(SettingsError, match="the agent 'hotel'; it must be one of clinic") as caught:
        require_agents_by_number(BY_NUMBER, {"clinic": AGENTS["clinic"]})
    assert "555" not in str(caught.value)
