"""What a session is made of, from its agent and the settings that hold for all agents."""

from unittest.mock import Mock

import msgspec

from actors.session_context import SessionContext
from app.session_plans import SessionPlans
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
