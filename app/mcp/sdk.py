"""The official SDK, as far as it is used: a connection to one server. It is the extra `mcp`, and imported when needed.

Importing it takes a second or two.
"""

import asyncio
import importlib
import importlib.util
import logging
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from actors.mcp_server import McpServerOptions
from actors.tool_outcome import ToolOutcome
from app.mcp.errors import CallLostError, CallRefusedError, McpError, first_of
from app.mcp.guard import guarded
from app.plugins import in_one_line
from app.version import product_version

if TYPE_CHECKING:
    import httpx2

MAX_PAGES = 20
"""The most pages of a server's list of tools that are read, so that an endless list ends."""
NOT_INSTALLED = "the extra `mcp` is not installed"
MARGIN_S = 5.0
"""Seconds by which the time-out of a request over HTTP is longer than that of the call, so that the call's is first."""


class Described(msgspec.Struct, frozen=True):
    """A tool as a server lists it."""

    description: str
    schema: Any


class Connection(Protocol):
    """A connection to an MCP server, as long as it lasts."""

    async def tools(self) -> Mapping[str, Described]:
        """The tools that the server has, by its own names; raises whatever goes wrong."""
        ...

    async def call(self, named: str, arguments: dict[str, Any], timeout_s: float) -> ToolOutcome:
        """Call a tool.

        Raises:
            McpError: it came to nothing.
        """
        ...


class Connect(Protocol):
    """Makes a connection; the server is ended with it, if it was started for it."""

    def __call__(
        self,
        options: McpServerOptions,
        variables: Mapping[str, str],
        ended: Callable[[], None],
        changed: Callable[[], None],
    ) -> AbstractAsyncContextManager[Connection]:
        """Connect with the `variables` that the options name.

        `ended` is called when the server has ended, `changed` when it says that its tools are others now.
        """
        ...


def is_installed() -> bool:
    """Whether the extra `mcp` is installed here."""
    return importlib.util.find_spec("mcp") is not None


@asynccontextmanager
async def connect(
    options: McpServerOptions, variables: Mapping[str, str], ended: Callable[[], None], changed: Callable[[], None]
) -> AsyncIterator[Connection]:
    """Connect to a server; see `Connect`.

    Raises:
        McpError: the SDK is not installed, or a variable has not what is needed.
    """
    await load()
    from mcp import Client
    from mcp_types import ToolListChangedNotification

    async def heard(message: object) -> None:
        if isinstance(message, ToolListChangedNotification):
            changed()

    async with AsyncExitStack() as stack:
        if options.command:
            transport = _watched(_started(options, variables), ended)
        else:
            transport = _http(options.url, await stack.enter_async_context(_http_client(options, variables)))
        session = Client(transport, cache=None, message_handler=heard, client_info=_ourselves())
        with _told():
            client = await stack.enter_async_context(session)
        if options.command:  # over HTTP it would be one more request that never ends
            listening = asyncio.create_task(_listen(client, changed), name=f"mcp.{options.name}.changes")
            stack.callback(listening.cancel)
        yield _SdkConnection(client)


async def _listen(client: Any, changed: Callable[[], None]) -> None:
    """Have `changed` called when a server says that its tools are others now, as those do that wait to be asked."""
    # One that does not know of this, or fails at it, is asked for its tools from time to time anyway.
    with suppress(Exception):
        async with client.listen(tools_list_changed=True) as events:
            async for _ in events:
                changed()


@contextmanager
def _told() -> Iterator[None]:
    """An error that a server answers with while it is connected, as one of ours, without what the server says of it."""
    from mcp.shared.exceptions import MCPError
    from mcp_types import CONNECTION_CLOSED

    try:
        yield
    except Exception as error:
        cause = first_of(error)
        if not isinstance(cause, MCPError):
            raise
        ended = cause.code == CONNECTION_CLOSED
        raise McpError("it has ended" if ended else f"it answers with the error {cause.code}") from None


async def load() -> None:
    """Import the SDK: best before there are callers, who would hear it.

    Raises:
        McpError: it is not installed, or in a version that has not what is needed.
    """
    if not is_installed():
        raise McpError(NOT_INSTALLED)
    try:
        await asyncio.to_thread(_load)
    except ImportError as error:
        raise McpError(f"the package mcp cannot be used: {in_one_line(error)}") from error


def _load() -> None:
    for module in ("mcp", "mcp.client.stdio", "mcp.client.streamable_http", "jsonschema"):
        importlib.import_module(module)
    # It writes tracebacks that quote what servers answer; what goes wrong is told, counted and logged here.
    logging.getLogger("mcp").setLevel(logging.CRITICAL + 1)
    logging.getLogger("client").setLevel(logging.CRITICAL + 1)


def _ourselves() -> Any:
    from mcp_types import Implementation

    return Implementation(name="earshot", version=product_version())


def _started(options: McpServerOptions, variables: Mapping[str, str]) -> Any:
    from mcp.client.stdio import StdioServerParameters, stdio_client

    if shutil.which(options.command) is None:
        raise McpError(f"there is no program {options.command}")
    command, *arguments = guarded(options.command, options.args, os.getpid())
    parameters = StdioServerParameters(
        command=command, args=arguments, env=dict(variables), encoding_error_handler="replace"
    )
    return stdio_client(parameters)


@asynccontextmanager
async def _watched(transport: Any, ended: Callable[[], None]) -> AsyncIterator[Any]:
    """`transport`, and `ended` called when nothing more comes of it: the SDK tells only who calls."""
    import anyio

    async with transport as (read, write), anyio.create_task_group() as tasks:
        sender, receiver = anyio.create_memory_object_stream[Any](0)

        async def hand_on() -> None:
            async with sender:
                async for message in read:
                    await sender.send(message)
            ended()

        tasks.start_soon(hand_on)
        try:
            yield receiver, write
        finally:
            tasks.cancel_scope.cancel()


def _http_client(options: McpServerOptions, variables: Mapping[str, str]) -> "httpx2.AsyncClient":
    import httpx2

    from app.mcp.bounded_http import BoundedTransport

    headers = headers_in(variables[options.headers_from]) if options.headers_from else {}
    return httpx2.AsyncClient(
        headers={"accept-encoding": "identity", **headers},
        timeout=httpx2.Timeout(options.timeout_s + MARGIN_S),
        transport=BoundedTransport(),
    )


def _http(url: str, client: "httpx2.AsyncClient") -> Any:
    from mcp.client.streamable_http import streamable_http_client

    return streamable_http_client(url, http_client=client)


def headers_in(text: str) -> dict[str, str]:
    """The headers in `text`, `Name: value` in each line.

    Raises:
        McpError: a line is none; it is not quoted.
    """
    found = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, colon, value = line.partition(":")
        if not colon or not name.strip() or not value.strip() or not line.isascii():
            raise McpError("the variable of headers_from has a line that is no `Name: value`")
        found[name.strip()] = value.strip()
    return found


class _SdkConnection:
    def __init__(self, client: Any) -> None:
        self._client = client

    async def tools(self) -> Mapping[str, Described]:
        found: dict[str, Described] = {}
        cursor = None
        for _ in range(MAX_PAGES):
            with _told():
                listed = await self._client.list_tools(cursor=cursor)
            found |= {each.name: Described(each.description or "", each.input_schema) for each in listed.tools}
            cursor = listed.next_cursor
            if cursor is None:
                break
        return found

    async def call(self, named: str, arguments: dict[str, Any], timeout_s: float) -> ToolOutcome:
        from mcp.shared.exceptions import MCPError
        from mcp_types import CONNECTION_CLOSED

        try:
            result = await self._client.call_tool(named, arguments, read_timeout_seconds=timeout_s + MARGIN_S)
        except MCPError as error:
            if error.error.code == CONNECTION_CLOSED:
                raise CallLostError("the connection was lost in mid-call") from None
            raise CallRefusedError(error.error.message) from None
        return outcome_of(result)


def outcome_of(result: Any) -> ToolOutcome:
    """The `CallToolResult` of the SDK as the model is told: the structured result if there is one, else the text."""
    text = "\n".join(
        each.text if each.type == "text" else f"[{each.type}, which cannot be spoken]" for each in result.content
    )
    if result.is_error:
        return ToolOutcome({"error": text or "the tool failed"}, failed=True)
    return ToolOutcome(text if result.structured_content is None else result.structured_content)
