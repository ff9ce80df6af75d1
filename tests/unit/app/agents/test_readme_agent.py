"""The agents, keys, tools and functions that the README and the guide to agents have their readers write."""

import re
from pathlib import Path

import pytest

from actors.agent import Agent
from actors.runtime.clock import run_virtual
from actors.tools import AnyTool, Tool, ToolContext, end_conversation
from app.agents.agent_files import load_agent
from app.dialogue.model import ScriptModel
from app.evals.conversation import Outcome, hold
from app.evals.scenario import Scenario, Step
from app.tools.language import switch_language
from tests.kit.source import ROOT

ENDS = {end_conversation.name: end_conversation}


def snippets(guide: str, language: str) -> list[str]:
    """The blocks of a guide in this language."""
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / guide).read_text("utf-8"), re.DOTALL)


def lamp(folder: Path) -> tuple[Agent, AnyTool]:
    """The agent and the tool of the README."""
    module: dict[str, object] = {}
    (source,) = snippets("README.md", "py")
    exec(compile(source, "lamp.py", "exec"), module)
    tool = module["switch_lamp"]
    assert isinstance(tool, Tool)
    (file,) = snippets("README.md", "yaml")
    (folder / "lamp.yaml").write_text(file, "utf-8")
    return load_agent(folder / "lamp.yaml", {tool.name: tool, **ENDS}), tool


def talked(agent: Agent, tools: dict[str, AnyTool], *steps: Step, caller: str = "") -> Outcome:
    """A conversation with the agent, on virtual time."""
    scenario = Scenario(name="as the readers do", steps=steps, agent=agent.name, caller=caller)

    async def conversation() -> Outcome:
        return await hold(scenario, {agent.name: agent}, tools, ScriptModel())

    return run_virtual(conversation())


async def test_the_agent_of_the_readme_loads_and_its_tool_runs(tmp_path: Path) -> None:
    agent, tool = lamp(tmp_path)
    assert agent.tools == ("switch_lamp", "end_conversation")
    outcome = await tool.run('{"lit": true}', ToolContext(session_id="s1"))
    assert (outcome.failed, outcome.result) == (False, {"lit": True})


def test_the_lamp_is_switched_on_by_the_words_that_readers_type(tmp_path: Path) -> None:
    agent, tool = lamp(tmp_path)
    said = "turn on the light"
    assert f'type "{said}"' in (ROOT / "README.md").read_text("utf-8")
    steps = (Step(expect="switch the lamp"), Step(say=said), Step(tool=tool.name), Step(expect="the lamp is on"))
    outcome = talked(agent, {tool.name: tool, **ENDS}, *steps)
    assert outcome.failed is None, outcome.timeline


def test_callers_that_the_guide_looks_up_are_greeted_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (function,) = snippets("docs/agents.md", "python")
    (file,) = [text for text in snippets("docs/agents.md", "yaml") if "on_session" in text]
    (tmp_path / "customers.py").write_text(function, "utf-8")
    (tmp_path / "bank.yaml").write_text(file, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    agent = load_agent(tmp_path / "bank.yaml", ENDS)
    for caller, greeting in (("+15550100", "Hello, Ada.*twelve dollars"), ("+15550111", "Hello, dear caller.*unknown")):
        outcome = talked(agent, ENDS, Step(expect=greeting), caller=caller)
        assert outcome.failed is None, outcome.timeline


def test_keys_that_the_guide_shows_are_keys_of_an_agent(tmp_path: Path) -> None:
    parts = [text for text in snippets("docs/agents.md", "yaml") if "name: bank" not in text]
    assert len(parts) == 7
    for number, text in enumerate(parts):
        file = tmp_path / f"part{number}.yaml"
        file.write_text(f"name: part{number}\nlabel: Part\ninstructions: Talk.\n{text}", "utf-8")
        load_agent(file, {**ENDS, "switch_language": switch_language})
