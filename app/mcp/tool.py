"""A tool of an MCP server, as the model of an agent has it."""

import logging
from typing import Any, Protocol

import msgspec

from actors.mcp_server import McpServerOptions
from actors.ports.llm import ToolSchema
from actors.tool_outcome import ToolOutcome
from actors.tools import OnInterruption, Tool
from app.mcp.errors import CallLostError, CallRefusedError, ServerAwayError
from app.mcp.schemas import argument_struct, arguments_of, short_description, usable_schema

log = logging.getLogger(__name__)

MAX_ERROR_CHARS = 1_000


class RemoteServer(Protocol):
    """The server that has a tool, as far as the tool needs it."""

    async def call(self, named: str, arguments: dict[str, Any]) -> ToolOutcome:
        """Call a tool by the server's own name for it.

        Raises:
            McpError: it came to nothing.
        """
        ...


class McpTool(Tool[[], Any]):
    """Offered from the start; what it takes is known once the server has told it (`describe`).

    Args:
        server: is asked to call it.
        options: the server's, as the file of the first agent has them that names the tool.
        named: the server's own name for it.
    """

    def __init__(self, server: RemoteServer, options: McpServerOptions, named: str) -> None:
        async def not_called_here() -> ToolOutcome:
            return ToolOutcome({"error": "the server was not asked"}, failed=True)

        not_called_here.__doc__ = f"{named}, a tool of {options.name}, which is not connected."
        confirm = named in options.confirm
        super().__init__(
            not_called_here,
            name=options.tool(named),
            timeout_s=options.timeout_s,
            on_interruption=OnInterruption.FINISH if confirm else OnInterruption.CANCEL,
            confirm=confirm,
            approval="operator" if named in options.approval else "",
        )
        self.server = server
        self.options = options
        self.named = named
        self.schema = ToolSchema(self.name, self.schema.description, {"type": "object", "properties": {}})
        self._struct: type[msgspec.Struct] | None = None

    def describe(self, description: str, schema: Any) -> None:
        """Take what the server says of the tool.

        Raises:
            McpError: its schema cannot be used.
        """
        usable = usable_schema(schema)
        self._struct = argument_struct(self.name, usable)
        self.schema = ToolSchema(self.name, short_description(description or self.named), usable)

    def keywords(self, raw: Any) -> dict[str, Any]:
        """The arguments by their own names; as they are while the server has not told what it takes."""
        if self._struct is None:
            return dict(msgspec.convert(raw, dict[str, Any]))
        return arguments_of(self._struct, raw)

    async def call(self, keywords: dict[str, Any]) -> ToolOutcome:
        """What the server answers. A server that is away is told to the model as an error that it can speak of."""
        try:
            return await self.server.call(self.named, keywords)
        except ServerAwayError:
            log.warning("tool %s was not called: its MCP server is away", self.name)
            text = f"{self.name} was not done: its service cannot be reached just now. Say so, and go on without it"
        except CallLostError:
            log.warning("tool %s failed: the connection to its MCP server was lost", self.name)
            text = f"the service of {self.name} was lost in mid-call: it is not known whether this was done"
        except CallRefusedError as error:
            log.warning("tool %s failed: its MCP server refuses the call", self.name)
            text = str(error)[:MAX_ERROR_CHARS]
        return ToolOutcome({"error": text}, failed=True)
