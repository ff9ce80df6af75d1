"""The agents of a worker: by name, with one for those who ask for none, and replaced while the server runs."""

import msgspec
import pytest

from app.agents.roster import AgentRoster, require_default_agent
from config.errors import SettingsError
from config.settings import Settings
from tests.kit.session_kit import AGENT

OTHER = msgspec.structs.replace(AGENT, name="other")


def test_the_default_is_the_one_that_is_set_else_the_first_name() -> None:
    agents = {"tester": AGENT, "other": OTHER}
    assert AgentRoster(agents).default is OTHER
    assert AgentRoster(agents, "tester").default is AGENT
    assert AgentRoster(agents, "tester").default_name == "tester"


def test_an_agent_is_replaced_and_its_former_self_is_not_changed() -> None:
    given = {"tester": AGENT}
    roster = AgentRoster(given)
    roster.put(msgspec.structs.replace(AGENT, label="New"))
    roster.put(OTHER)
    assert (roster["tester"].label, list(roster), len(roster)) == ("New", ["tester", "other"], 2)
    assert given == {"tester": AGENT}
    assert roster.get("nobody") is None


def test_a_default_that_is_no_agent_stops_the_start() -> None:
    require_default_agent(Settings.read({"DEFAULT_AGENT": "tester"}), {"tester": AGENT})
    with pytest.raises(SettingsError, match="DEFAULT_AGENT is 'nobody'; it must be one of other, tester"):
        require_default_agent(Settings.read({"DEFAULT_AGENT": "nobody"}), {"tester": AGENT, "other": OTHER})
