"""An agent of somebody's own, evaluated with the MCP servers that it names: one of them is not ours."""

import sys
from pathlib import Path

import msgspec
import pytest

from app.evals.command import Evaluation, evaluate
from config.errors import SettingsError
from config.settings import Settings

AGENT = """
name: florist
label: Green Corner
instructions: You answer the telephone of a flower shop.
tools: [shop_of_a_test:price]
knowledge: plants
mcp_servers:
  - {{name: time, command: {python}, args: [-m, {module}], tools: [get_current_time]}}
"""
SHOP = '''
from actors.tools import tool


@tool
async def price(stems: int) -> float:
    """Say what so many roses cost."""
    return 2.5 * stems
'''
SCENARIOS = """
agent: florist
scenarios:
  - name: an own tool, a folder of knowledge and a server
    model:
      - calls: [{tool: price, with: {stems: 10}}, {tool: search_knowledge_florist, with: {question: orchid water}}]
      - calls: [{tool: time_get_current_time, with: {timezone: Asia/Tokyo}}]
      - {say: All of it is known.}
    steps:
      - say: roses, orchids, and the time in tokyo
      - tool: time_get_current_time
      - expect: all of it is known
"""


def files(folder: Path, module: str) -> Settings:
    (folder / "agents" / "plants").mkdir(parents=True)
    (folder / "agents" / "florist.yaml").write_text(AGENT.format(python=sys.executable, module=module))
    (folder / "agents" / "plants" / "care.md").write_text("# Orchid\n\nWater it every ten days.\n")
    (folder / "shop_of_a_test.py").write_text(SHOP)
    (folder / "s.yaml").write_text(SCENARIOS)
    return Settings.read({"AGENTS_DIRECTORY": str(folder / "agents")})


def told(folder: Path, settings: Settings, *, connects: bool) -> dict[str, str]:
    """What each tool has answered, by its name."""
    asked = Evaluation(files=(folder / "s.yaml",), json=folder / "out.json", connects=connects)
    lines: list[str] = []
    assert evaluate(asked, settings, lines.append), lines
    (result,) = msgspec.json.decode((folder / "out.json").read_bytes())
    whats = [moment["what"] for moment in result["runs"][0]["timeline"] if moment["who"] == "tool"]
    return dict(what.split(" -> ", 1) for what in whats if " -> " in what)


def test_the_tools_of_a_server_that_is_not_ours_answer_in_an_eval(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    settings = files(tmp_path, "mcp_server_time")
    answers = told(tmp_path, settings, connects=True)
    assert answers["price"] == "25.0"
    assert "care.md#Orchid" in answers["search_knowledge_florist"]
    assert msgspec.json.decode(answers["time_get_current_time"])["timezone"] == "Asia/Tokyo"
    assert "cannot be reached" in told(tmp_path, settings, connects=False)["time_get_current_time"]


def test_a_server_that_cannot_be_used_is_no_failure_of_the_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    settings = files(tmp_path, "there_is_no_such_module")
    with pytest.raises(SettingsError, match="the MCP server time cannot be used"):
        told(tmp_path, settings, connects=True)
