"""The handoffs of agents' files: their faults, their tools, and who is reached by them."""

import asyncio
from pathlib import Path

import pytest

from actors.agent import Agent, Handoff
from actors.tools import ToolContext
from app.agents.agent_files import AgentFileError, load_agents
from app.agents.handoffs import handoff_tools, team_of
from app.tools import load_tools

DESK = """
name: front-desk
label: Front desk
tools: [end_conversation]
handoffs:
  - {agent: billing, when: It is about money.}
"""
BILLING = "name: billing\nlabel: Billing\n"


def load(folder: Path, desk: str = DESK) -> dict[str, Agent]:
    (folder / "front-desk.yaml").write_text(desk)
    (folder / "billing.yaml").write_text(BILLING)
    return load_agents(folder, load_tools())


@pytest.mark.parametrize(
    ("old", "new", "path", "reason"),
    [
        ("agent: billing", "agent: biling", "handoffs[0].agent", "there is no agent biling; is billing meant?"),
        ("agent: billing", "agent: nobody", "handoffs[0].agent", "there is no agent nobody; there is billing"),
        ("agent: billing", "agent: front-desk", "handoffs[0].agent", "cannot hand off to itself"),
        ("agent: billing", "agent: 7", "handoffs[0].agent", "Expected `str`"),
        (", when: It is about money.", "", "handoffs[0]", "missing required field `when`"),
        ("when: It", "whem: It", "handoffs[0]", "is when meant?"),
        (
            "money.}",
            "money.}\n  - {agent: billing, when: Twice.}",
            "handoffs[1].agent",
            "has a tool handoff_to_billing",
        ),
        ("handoffs:", "limits: {max_handoffs: -1}\nhandoffs:", "limits.max_handoffs", ">= 0"),
    ],
)
def test_faults_are_located(tmp_path: Path, old: str, new: str, path: str, reason: str) -> None:
    assert old in DESK
    with pytest.raises(AgentFileError) as raised:
        load(tmp_path, DESK.replace(old, new))
    assert raised.value.file.name == "front-desk.yaml"
    assert raised.value.path == path
    assert reason in raised.value.reason


def test_a_name_that_is_too_long_for_a_tool_is_refused(tmp_path: Path) -> None:
    name = "b" * 60
    (tmp_path / f"{name}.yaml").write_text(BILLING.replace("billing", name))
    with pytest.raises(AgentFileError, match="longer than 64 characters"):
        load(tmp_path, DESK.replace("agent: billing", f"agent: {name}"))


def test_each_target_is_a_tool_that_says_when_it_is_right(tmp_path: Path) -> None:
    agents = load(tmp_path)
    (tool,) = handoff_tools(agents["front-desk"], agents).values()
    assert tool.schema.name == "handoff_to_billing"
    assert "Billing" in tool.schema.description
    assert tool.schema.description.endswith("It is about money.")
    assert tool.schema.parameters["properties"] == {}
    outcome = asyncio.run(tool.run("{}", ToolContext(session_id="s")))
    assert outcome.failed


def test_a_hyphen_is_none_in_the_name_of_a_tool() -> None:
    assert Handoff(agent="front-desk", when="x").tool == "handoff_to_front_desk"


def test_all_are_reached_that_a_conversation_may_come_to() -> None:
    def agent(name: str, *targets: str) -> Agent:
        return Agent(name=name, label=name, handoffs=tuple(Handoff(agent=each, when="x") for each in targets))

    agents = {each.name: each for each in (agent("a", "b"), agent("b", "c", "a"), agent("c", "gone"), agent("d", "a"))}
    assert [each.name for each in team_of(agents["a"], agents)] == ["b", "c"]
    assert [each.name for each in team_of(agents["d"], agents)] == ["a", "b", "c"]
    assert team_of(agents["c"], agents) == ()
    assert handoff_tools(agents["c"], agents) == {}
