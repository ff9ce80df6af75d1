"""An MCP server of an agent as data: how it is reached, and which of its tools the agent's model may call.

Read from the agent's file with the rest of the agent; `app/mcp` connects to it.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

ToolName = Annotated[str, Meta(min_length=1, max_length=128)]
Variable = Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}\Z")]


class McpServerOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A server that speaks the Model Context Protocol, either started here (`command`) or reached over HTTP (`url`)."""

    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,31}\Z")]
    """The server's name: the model sees each of its tools as `NAME_TOOL`. Agents that name the same server share its
    connection."""
    command: Annotated[str, Meta(max_length=1_000)] = ""
    """The program to start, once in each worker; it is spoken with over its standard input and output."""
    args: Annotated[tuple[str, ...], Meta(max_length=100)] = ()
    """The arguments of `command`."""
    environment: Annotated[tuple[Variable, ...], Meta(max_length=100)] = ()
    """Names of the environment variables that `command` is given besides PATH, HOME and the like; it gets no others."""
    url: Annotated[str, Meta(max_length=2_000)] = ""
    """The address of a server that speaks streamable HTTP, such as `https://crm.example.com/mcp`."""
    headers_from: Annotated[str, Meta(pattern=r"^([A-Za-z_][A-Za-z0-9_]{0,127})?\Z")] = ""
    """The name of an environment variable with the headers of each request, one a line, such as
    `Authorization: Bearer ...`."""
    tools: Annotated[tuple[ToolName, ...], Meta(min_length=1, max_length=64)]
    """The tools that the model may call, by the server's own names; it sees no others."""
    confirm: tuple[ToolName, ...] = ()
    """The tools whose calls are run only after they were said back to the caller, and which no interruption stops."""
    approval: tuple[ToolName, ...] = ()
    """The tools of which an operator has to approve each call."""
    timeout_s: Annotated[float, Meta(ge=0.1, le=120)] = 10.0
    """Seconds after which a call of a tool is given up."""

    def tool(self, named: str) -> str:
        """The name by which a model calls the tool that the server names so."""
        return f"{self.name}_{named}".replace("-", "_").replace(".", "_").replace("/", "_")
