"""The MCP servers of a worker."""

import pytest

from actors.agent import Agent
from actors.mcp_server import McpServerOptions
from actors.tools import AnyTool, end_conversation
from app.mcp import servers
from app.mcp.server import McpServer
from app.mcp.servers import McpServers, servers_without_sdk

OPTIONS = McpServerOptions(name="crm", command="crm", tools=("find", "book"))
AGENTS = {"desk": Agent(name="desk", label="Desk", mcp_servers=(OPTIONS,))}


def test_each_server_of_the_tools_is_there_once() -> None:
    server = McpServer(OPTIONS)
    tools: dict[str, AnyTool] = {
        each.name: each for each in (server.tool("find", OPTIONS), server.tool("book", OPTIONS))
    }
    assert McpServers({**tools, "end_conversation": end_conversation}).servers == (server,)


def test_servers_are_named_whose_extra_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "is_installed", lambda: False)
    assert list(servers_without_sdk(AGENTS)) == [
        "the tools of the MCP server crm of the agent desk do nothing: the extra `mcp` is not installed"
    ]


def test_nothing_is_said_where_it_is_there() -> None:
    assert list(servers_without_sdk(AGENTS)) == []
