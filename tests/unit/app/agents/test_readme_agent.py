"""The agent and the tool that the README has its readers make."""

import re
from pathlib import Path

from actors.tools import Tool, ToolContext, end_conversation
from app.agents.agent_files import load_agent
from tests.kit.source import ROOT

README = (ROOT / "README.md").read_text("utf-8")


def snippet(language: str) -> str:
    """The only block of the README in this language."""
    (text,) = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    return str(text)


async def test_the_agent_of_the_readme_loads_and_its_tool_runs(tmp_path: Path) -> None:
    module: dict[str, object] = {}
    exec(compile(snippet("py"), "lamp.py", "exec"), module)
    tool = module["switch_lamp"]
    assert isinstance(tool, Tool)
    (tmp_path / "lamp.yaml").write_text(snippet("yaml"))
    agent = load_agent(tmp_path / "lamp.yaml", {tool.name: tool, end_conversation.name: end_conversation})
    assert agent.tools == ("switch_lamp", "end_conversation")
    outcome = await tool.run('{"lit": true}', ToolContext(session_id="s1"))
    assert (outcome.failed, outcome.result) == (False, {"lit": True})
