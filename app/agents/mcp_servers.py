"""The MCP servers of an agent's file: what is wrong with them, and the tools that the agent has of them."""

import re
from collections.abc import Iterator, Mapping, MutableMapping
from urllib.parse import urlsplit

import msgspec

from actors.agent import Agent
from actors.mcp_server import McpServerOptions
from actors.tools import AnyTool
from app.agents.handoffs import MAX_TOOL_NAME
from app.agents.nearest import with_nearest
from app.auth.origins import is_loopback
from app.dialogue.check import Fault
from app.mcp.server import McpServer
from app.mcp.tool import McpTool

_TOOL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def mcp_faults(agent: Agent, tools: Mapping[str, AnyTool]) -> Iterator[Fault]:
    """All that is wrong with the MCP servers of an agent, in the order of its file. `tools` are all that there are."""
    names: set[str] = set()
    taken = {*agent.tools, *(each.tool for each in agent.handoffs)}
    for index, options in enumerate(agent.mcp_servers):
        path = f"mcp_servers[{index}]"
        if options.name in names:
            yield Fault(f"{path}.name", f"there are two servers named {options.name}")
        names.add(options.name)
        yield from _way_faults(path, options)
        yield from _tool_faults(path, options, tools, taken)
        taken |= {options.tool(each) for each in options.tools}
        server = _server(options.name, tools)
        if server is not None and _connection(server.options) != _connection(options):
            yield Fault(path, f"another agent has a server {options.name} that is reached in another way")


def with_mcp_tools(agent: Agent, tools: MutableMapping[str, AnyTool]) -> Agent:
    """The agent, in which `mcp_faults` finds nothing, with the tools of its servers, which `tools` has afterwards."""
    names = list(agent.tools)
    for options in agent.mcp_servers:
        server = _server(options.name, tools) or McpServer(options)
        for each in options.tools:
            made = server.tool(each, options)
            tools[made.name] = made
            names.append(made.name)
    return msgspec.structs.replace(agent, tools=tuple(names))


def _way_faults(path: str, options: McpServerOptions) -> Iterator[Fault]:
    """What is wrong with how a server is reached."""
    if bool(options.command) == bool(options.url):
        yield Fault(path, "a server has either a command, by which it is started here, or a url")
    elif options.command and options.headers_from:
        yield Fault(f"{path}.headers_from", "is for a server with a url; one with a command has environment")
    elif options.url:
        for key in ("args", "environment"):
            if getattr(options, key):
                yield Fault(f"{path}.{key}", "is for a server with a command")
        parts = urlsplit(options.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            yield Fault(f"{path}.url", "must be https://...")
        elif parts.username is not None:
            yield Fault(f"{path}.url", "has a password in it: name a variable in headers_from")
        elif parts.scheme == "http" and options.headers_from and not is_loopback(parts.hostname):
            yield Fault(f"{path}.url", "must be https://...: http would send the headers unencrypted")


def _tool_faults(
    path: str, options: McpServerOptions, tools: Mapping[str, AnyTool], taken: set[str]
) -> Iterator[Fault]:
    """What is wrong with the tools of one server. `taken` are the names of the agent's other tools."""
    seen = set(taken)
    for index, named in enumerate(options.tools):
        here, name = f"{path}.tools[{index}]", options.tool(named)
        known = tools.get(name)
        if not _TOOL_NAME.fullmatch(name) or len(name) > MAX_TOOL_NAME:
            yield Fault(here, f"{name} is no name for a tool: at most {MAX_TOOL_NAME} letters, digits and underscores")
        elif name in seen:
            yield Fault(here, f"the agent has a tool {name} already")
        elif known is not None and not _is_of(known, options.name, named):
            yield Fault(here, f"there is already another tool named {name}")
        elif known is not None and known.confirm is not (named in options.confirm):
            yield Fault(f"{path}.confirm", f"another agent does not say the same of the tool {named}")
        elif known is not None and bool(known.approval) is not (named in options.approval):
            yield Fault(f"{path}.approval", f"another agent does not say the same of the tool {named}")
        seen.add(name)
    for key, listed in (("confirm", options.confirm), ("approval", options.approval)):
        for index, named in enumerate(listed):
            if named not in options.tools:
                reason = f"{named} is none of the server's tools here"
                yield Fault(f"{path}.{key}[{index}]", with_nearest(reason, named, options.tools))


def _is_of(tool: AnyTool, server: str, named: str) -> bool:
    return isinstance(tool, McpTool) and tool.options.name == server and tool.named == named


def _server(name: str, tools: Mapping[str, AnyTool]) -> McpServer | None:
    """The server of this name, if an agent that was read before has it."""
    servers = (each.server for each in tools.values() if isinstance(each, McpTool))
    return next((each for each in servers if isinstance(each, McpServer) and each.name == name), None)


def _connection(options: McpServerOptions) -> McpServerOptions:
    """What agents that share a server must say alike."""
    return msgspec.structs.replace(options, tools=(), confirm=(), approval=())
