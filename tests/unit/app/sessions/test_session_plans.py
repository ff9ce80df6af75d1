"""What a session is made of, from its agent and the settings that hold for all agents."""

from unittest.mock import Mock

import msgspec

from actors.agent import InLanguage
from actors.session_context import GivenContext, SessionContext
from app.sessions.session_plans import SessionPlans
from config.settings import Settings
from tests.kit.session_kit import AGENT

USING = msgspec.structs.replace(AGENT, tools=("book",))


def plans(**variables: str) -> tuple[SessionPlans, Mock]:
    phrases = Mock()
    tools = {"book": Mock(), "other": Mock()}
    return SessionPlans(Settings.read(variables).agents, {"tester": USING}, tools, phrases), phrases


def test_a_session_has_the_tools_of_its_agent_and_the_phrases_that_are_kept() -> None:
    made, phrases = plans()
    plan = made.plan("s", "media", USING, "resume", stored=False)
    assert (plan.session_id, plan.mode, plan.resume_token, plan.stored) == ("s", "media", "resume", False)
    assert set(plan.tools) == {"book"}
    assert plan.kept(48_000) is phrases.at.return_value
    phrases.at.assert_called_once_with(USING, 48_000, "media")
    assert made.caller_phrases == {"tester": ()}


def test_the_settings_hold_for_every_agent() -> None:
    made, _ = plans(RECOGNIZED_LANGUAGE="de-DE", TIME_ZONE="Europe/Berlin")
    plan = made.plan("s", "media", USING, "resume", about=SessionContext(caller="+15550100"))
    assert plan.agent.languages == ("de-DE",)
    assert (plan.about.time_zone, plan.about.caller) == ("Europe/Berlin", "+15550100")


def test_what_a_token_has_brought_is_known_of_the_session_and_its_language_is_the_only_one() -> None:
    made, _ = plans(RECOGNIZED_LANGUAGE="de-DE,en-US", TIME_ZONE="Europe/Berlin")
    given = GivenContext(context={"order": 7}, caller_name="Ada", language="en-US")
    plan = made.plan("s", "media", USING, "resume", given=given)
    assert plan.about == SessionContext(
        context={"order": 7}, caller_name="Ada", language="en-US", time_zone="Europe/Berlin"
    )
    assert (plan.given, plan.agent.languages) == (given, ("en-US",))
    without = made.plan("s", "media", USING, "resume", given=None)
    assert (without.about, without.given) == (SessionContext(time_zone="Europe/Berlin"), None)


def test_each_of_several_languages_has_its_own_words_and_one_that_is_known_is_the_only_one_heard() -> None:
    made, phrases = plans()
    host = msgspec.structs.replace(
        USING, languages=("en-US", "de-DE"), in_language={"de-DE": InLanguage(greeting="Guten Tag.")}
    )
    plan = made.plan("s", "media", host, "resume")
    german = plan.as_agent("tester", "de-DE")
    assert (plan.languages, german.agent.greeting) == (("en-US", "de-DE"), "Guten Tag.")
    assert german.agent.languages == ("en-US", "de-DE")
    assert (
        german.as_agent("tester", "en-US").agent.greeting == german.as_agent("tester").agent.greeting == host.greeting
    )
    german.kept(48_000)
    phrases.at.assert_called_with(german.agent, 48_000, "media")
    known = made.plan("s", "media", host, "resume", about=SessionContext(language="de"))
    assert known.about.language == "de-DE"
    assert known.as_agent("tester", "de-DE").agent.languages == ("de-DE",)
    assert known.as_agent("tester", "en-US").agent.languages == ("en-US",)
    assert made.plan("s", "media", USING, "resume").in_language == {}


def test_an_agent_that_does_not_speak_the_language_of_the_user_hears_its_own() -> None:
    made, _ = plans()
    plan = made.plan("s", "media", USING, "resume", given=GivenContext(language="de-DE"))
    assert plan.agent is USING
