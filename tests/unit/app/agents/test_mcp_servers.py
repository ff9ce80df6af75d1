"""The MCP servers of agents' files: their faults, and the tools that agents have of them."""

from pathlib import Path

import pytest

from actors.agent import Agent
from actors.tools import AnyTool, OnInterruption
from app.agents.agent_files import AgentFileError, load_agents
from app.mcp.tool import McpTool
from app.tools import load_tools

DESK = """
name: desk
label: Desk
tools: [end_conversation]
mcp_servers:
  - name: crm
    command: uvx
    args: [crm-server]
    environment: [CRM_TOKEN]
    tools: [find_customer, book-visit]
    confirm: [book-visit]
    approval: [book-visit]
    timeout_s: 4
  - name: maps
    url: https://maps.example.com/mcp
    headers_from: MAPS_HEADERS
    tools: [route]
"""
OTHER = """
name: other
label: Other
mcp_servers:
  - {name: maps, url: https://maps.example.com/mcp, headers_from: MAPS_HEADERS, tools: [route, distance]}
"""


def load(folder: Path, desk: str = DESK, other: str = OTHER) -> tuple[dict[str, Agent], dict[str, AnyTool]]:
    (folder / "desk.yaml").write_text(desk)
    (folder / "other.yaml").write_text(other)
    tools = dict(load_tools())
    return load_agents(folder, tools), tools


def test_an_agent_has_the_tools_that_its_file_lists(tmp_path: Path) -> None:
    agents, tools = load(tmp_path)
    assert agents["desk"].tools == ("end_conversation", "crm_find_customer", "crm_book_visit", "maps_route")
    find, book = tools["crm_find_customer"], tools["crm_book_visit"]
    assert (find.confirm, find.timeout_s, find.on_interruption) == (False, 4, OnInterruption.CANCEL)
    assert (book.confirm, book.on_interruption) == (True, OnInterruption.FINISH)
    assert (find.approval, book.approval) == ("", "operator")


def test_agents_share_a_server(tmp_path: Path) -> None:
    agents, tools = load(tmp_path)
    assert agents["other"].tools == ("maps_route", "maps_distance")
    route, distance = tools["maps_route"], tools["maps_distance"]
    assert isinstance(route, McpTool)
    assert isinstance(distance, McpTool)
    assert route.server is distance.server


@pytest.mark.parametrize(
    ("old", "new", "path", "reason"),
    [
        ("command: uvx", "comand: uvx", "mcp_servers[0]", "there is no key comand; is command meant?"),
        ("name: crm", "name: My CRM", "mcp_servers[0].name", "Expected `str` matching"),
        ("name: maps", "name: crm", "mcp_servers[1].name", "there are two servers named crm"),
        ("    command: uvx\n", "", "mcp_servers[0]", "either a command"),
        ("command: uvx", "command: uvx\n    url: https://a.example", "mcp_servers[0]", "either a command"),
        ("    tools: [route]\n", "", "mcp_servers[1]", "missing required field `tools`"),
        ("tools: [route]", "tools: []", "mcp_servers[1].tools", "length >= 1"),
        ("tools: [route]", "tools: [route, route]", "mcp_servers[1].tools[1]", "has a tool maps_route already"),
        ("tools: [route]", "tools: ['a b']", "mcp_servers[1].tools[0]", "maps_a b is no name for a tool"),
        ("tools: [route]", f"tools: [{'r' * 64}]", "mcp_servers[1].tools[0]", "at most 64 letters"),
        ("confirm: [book-visit]", "confirm: [book_visit]", "mcp_servers[0].confirm[0]", "is book-visit meant?"),
        (
            "approval: [book-visit]",
            "approval: [find]",
            "mcp_servers[0].approval[0]",
            "find is none of the server's tools here",
        ),
        ("environment: [CRM_TOKEN]", "environment: [A=b]", "mcp_servers[0].environment[0]", "matching"),
        ("environment: [CRM", "headers_from: CRM #", "mcp_servers[0].headers_from", "is for a server with a url"),
        ("headers_from: MAPS", "environment: [MAPS] #", "mcp_servers[1].environment", "is for a server with a command"),
        ("https://maps", "http://maps", "mcp_servers[1].url", "http would send the headers unencrypted"),
        ("https://maps", "https://me:secret@maps", "mcp_servers[1].url", "name a variable in headers_from"),
        ("https://maps", "ftp://maps", "mcp_servers[1].url", "must be https://..."),
        ("timeout_s: 4", "timeout_s: 0", "mcp_servers[0].timeout_s", ">= 0.1"),
    ],
)
def test_faults_are_located(tmp_path: Path, old: str, new: str, path: str, reason: str) -> None:
    assert old in DESK
    with pytest.raises(AgentFileError) as raised:
        load(tmp_path, DESK.replace(old, new))
    assert raised.value.file.name == "desk.yaml"
    assert raised.value.path == path
    assert reason in raised.value.reason


def test_http_is_enough_on_this_machine(tmp_path: Path) -> None:
    local = "http://127.0.0.1:8000"
    agents, _ = load(tmp_path, DESK.replace("https://maps", local), OTHER.replace("https://maps", local))
    assert len(agents) == 2


@pytest.mark.parametrize(
    ("new", "path", "reason"),
    [
        ("route, distance], timeout_s: 3", "mcp_servers[0]", "another agent has a server maps that is reached in"),
        ("route, distance], confirm: [route", "mcp_servers[0].confirm", "does not say the same of the tool route"),
        ("route, distance], approval: [route", "mcp_servers[0].approval", "does not say the same of the tool route"),
    ],
)
def test_agents_that_share_a_server_say_the_same_of_it(tmp_path: Path, new: str, path: str, reason: str) -> None:
    changed = OTHER.replace("route, distance]", new + ("" if new.endswith("3") else "]"))
    with pytest.raises(AgentFileError) as raised:
        load(tmp_path, other=changed)
    assert (raised.value.file.name, raised.value.path) == ("other.yaml", path)
    assert reason in raised.value.reason
