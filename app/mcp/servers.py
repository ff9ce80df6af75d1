"""The MCP servers of a worker: those that its agents name, each once."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import suppress

from actors.agent import Agent
from actors.tools import AnyTool
from app.mcp.errors import McpError
from app.mcp.sdk import NOT_INSTALLED, is_installed, load
from app.mcp.server import McpServer, ReportsParts
from app.mcp.tool import McpTool
from config.settings import named_variables


class McpServers:
    """Starts and stops the servers whose tools are among `tools`."""

    def __init__(self, tools: Mapping[str, AnyTool]) -> None:
        servers = (each.server for each in tools.values() if isinstance(each, McpTool))
        found = {server.name: server for server in servers if isinstance(server, McpServer)}
        self.servers: tuple[McpServer, ...] = tuple(found.values())

    async def start(self, parts: ReportsParts) -> None:
        """Have each connect in the background; what fails is told to `parts`. The SDK is imported before that."""
        if not self.servers:
            return
        # Without it each server says what is missing, when it connects.
        with suppress(McpError):
            await load()
        for server in self.servers:
            server.start(named_variables(server.variables), parts)

    async def stop(self) -> None:
        """End every connection; bounded in time."""
        await asyncio.gather(*(server.stop() for server in self.servers))


def servers_without_sdk(agents: Mapping[str, Agent]) -> Iterator[str]:
    """A line for each MCP server that cannot be used, since the extra for it is missing."""
    if is_installed():
        return
    named: dict[str, str] = {}
    for agent in agents.values():
        for options in agent.mcp_servers:
            named.setdefault(options.name, agent.name)
    for server, agent_name in named.items():
        yield f"the tools of the MCP server {server} of the agent {agent_name} do nothing: {NOT_INSTALLED}"
