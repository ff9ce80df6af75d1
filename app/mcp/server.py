"""One MCP server as a worker has it: one connection, kept up in the background, whatever the server does."""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from typing import Any, Protocol

from opentelemetry import metrics

from actors.mcp_server import McpServerOptions
from actors.tool_outcome import ToolOutcome
from app.agents.nearest import with_nearest
from app.mcp.errors import CallLostError, CallRefusedError, McpError, ServerAwayError, first_of
from app.mcp.sdk import Connect, Connection, Described, connect
from app.mcp.tool import McpTool

log = logging.getLogger(__name__)

_failures = metrics.get_meter("earshot").create_counter(
    "earshot.mcp.failures", description="Failures of MCP servers, by server and by what has failed"
)

START_S = 30.0
"""Seconds within which a started server has to list its tools, else it is ended and tried again later; some download
themselves first."""
LIST_S = 10.0
"""Seconds within which a connected server has to list its tools; else it is connected anew."""
POLL_S = 30.0
"""Seconds between requests to a server for its tools, which also show whether it is still there."""
RELIST_S = 1.0
"""The fewest seconds between requests to a server that reports changes of its tools."""
FIRST_WAIT_S = 1.0
"""Seconds between the first two attempts to connect; doubled for each further one, up to LONGEST_WAIT_S."""
LONGEST_WAIT_S = 60.0
MAX_NAMES, MAX_NAME_CHARS = 20, 64
"""How many names of a server's tools are listed in an error about a missing one, and how many characters of each."""
CLOSE_S = 5.0
"""Seconds within which a server has to end; else its guard ends it with this process."""


class ReportsParts(Protocol):
    """Where a worker tells how its parts work."""

    def report_degradation(self, part: str, cause: str) -> None:
        """Say that `part` works in a lesser way."""
        ...

    def withdraw_degradation(self, part: str) -> None:
        """Say that `part` works as it should again."""
        ...


class McpServer:
    """Keeps the connection to a server, and has its tools say what they take. Belongs to one loop once it is started.

    Args:
        options: how it is reached, from the first agent's file that names it.
        connect: makes a connection.
    """

    def __init__(self, options: McpServerOptions, connect: Connect = connect) -> None:
        self.options = options
        self.tools: dict[str, McpTool] = {}
        """The tools that agents may call, by the server's own names."""
        self.fault = "it is not connected yet"
        """Why the server cannot be used fully; empty if it can."""
        self.tried = asyncio.Event()
        """Set when the first attempt to connect has ended, whatever came of it."""
        self._connect = connect
        self._connection: Connection | None = None
        self._stirred = asyncio.Event()
        self._ended = asyncio.Event()
        self._failed_attempts = 0
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._parts: ReportsParts | None = None

    @property
    def name(self) -> str:
        """What agents' files call it."""
        return self.options.name

    @property
    def part(self) -> str:
        """What readiness and the log call it."""
        return f"MCP server {self.name}"

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables that it needs."""
        return (*self.options.environment, *filter(None, (self.options.headers_from,)))

    def tool(self, named: str, options: McpServerOptions) -> McpTool:
        """The tool that the server names so, made for the first agent that asks; `options` are of that agent's file."""
        if named not in self.tools:
            self.tools[named] = McpTool(self, options, named)
        return self.tools[named]

    def start(self, variables: Mapping[str, str], parts: ReportsParts) -> None:
        """Connect in the background, and stay connected until `stop`. `variables` are those that the options name."""
        self._parts = parts
        self._task = asyncio.get_running_loop().create_task(self._keep_connected(variables), name=f"mcp.{self.name}")

    async def stop(self) -> None:
        """End the connection, and the server if it was started for it; returns within CLOSE_S."""
        self._stopping = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=CLOSE_S)

    async def call(self, named: str, arguments: dict[str, Any]) -> ToolOutcome:
        """Call a tool by the server's own name for it.

        Raises:
            McpError: it came to nothing: the server is away, is lost in mid-call, or refuses.
        """
        connection = self._connection
        if connection is None:
            _failures.add(1, {"server": self.name, "failure": "away"})
            raise ServerAwayError(self.fault)
        try:
            return await connection.call(named, arguments, self.options.timeout_s)
        except CallRefusedError:
            _failures.add(1, {"server": self.name, "failure": "refused"})
            self._stirred.set()
            raise
        except Exception as error:
            _failures.add(1, {"server": self.name, "failure": "call"})
            if isinstance(error, CallLostError) and connection is self._connection:
                self._end()
            # Whatever it was: whether the server still answers is seen at once, not by the next caller.
            self._stirred.set()
            raise

    async def _keep_connected(self, variables: Mapping[str, str]) -> None:
        while True:
            try:
                await self._stay_connected(variables)
            except Exception as error:  # noqa: BLE001 - whatever a server or the SDK does, the worker goes on
                if self._stopping:  # a cancellation may come out of the SDK as an error of another kind
                    return
                self._away(_why(error))
            self._failed_attempts += 1
            await asyncio.sleep(min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(self._failed_attempts - 1, 10)))

    async def _stay_connected(self, variables: Mapping[str, str]) -> None:
        """Connect, and see to the connection until it is over.

        Raises:
            Exception: why it is.
        """
        self._ended.clear()
        self._stirred.clear()
        missing = [name for name in self.variables if not variables.get(name)]
        if missing:
            raise McpError(f"{missing[0]} is not set")
        try:
            async with asyncio.timeout(START_S) as limit:
                async with self._connect(self.options, variables, self._end, self._stirred.set) as connection:
                    self._offer(await connection.tools())
                    limit.reschedule(None)
                    self._connection = connection
                    self.tried.set()
                    try:
                        await self._watch(connection)
                    finally:
                        # To end it may take seconds, in which nobody is to wait for it.
                        self._connection = None
        except TimeoutError:
            if limit.expired():
                raise McpError(f"it has not listed its tools within {START_S:g} s") from None
            raise

    async def _watch(self, connection: Connection) -> None:
        """Ask for the tools from time to time, and when the server says that they are others now.

        Raises:
            Exception: the connection is over.
        """
        while not await _happens(self._ended, RELIST_S):
            await _happens(self._stirred, POLL_S)
            self._stirred.clear()
            if not self._ended.is_set():
                try:
                    async with asyncio.timeout(LIST_S):
                        self._offer(await connection.tools())
                except TimeoutError:
                    raise McpError(f"it has not listed its tools within {LIST_S:g} s") from None
                # One that was there for a while is tried again soon when it is lost.
                self._failed_attempts = 0
        raise McpError("it has ended")

    def _offer(self, listed: Mapping[str, Described]) -> None:
        """Have the tools say what they take now; the first that the server has not, or not rightly, is a fault."""
        faults = []
        sayable = [name for name in listed if name.isprintable() and len(name) <= MAX_NAME_CHARS][:MAX_NAMES]
        for name, tool in self.tools.items():
            found = listed.get(name)
            if found is None:
                faults.append(with_nearest(f"it has no tool {name}", name, sayable))
                continue
            try:
                tool.describe(found.description, found.schema)
            except McpError as error:
                faults.append(f"the tool {name} cannot be used: {error}")
        if faults:
            self._faulty(faults[0])
            return
        if self.fault:
            log.info("%s is connected", self.part)
        self.fault = ""
        if self._parts is not None:
            self._parts.withdraw_degradation(self.part)

    def _end(self) -> None:
        """The connection is over; callers are told so from now on."""
        self._connection = None
        self._ended.set()
        self._stirred.set()

    def _away(self, cause: str) -> None:
        _failures.add(1, {"server": self.name, "failure": "connection"})
        self._faulty(cause)

    def _faulty(self, cause: str) -> None:
        self.fault = cause
        self.tried.set()
        if self._parts is not None:
            self._parts.report_degradation(self.part, cause)


async def _happens(event: asyncio.Event, within_s: float) -> bool:
    """Wait for an event, not longer than this; whether it has happened."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await event.wait()
    return event.is_set()


def _why(error: BaseException) -> str:
    """The cause in one line. Only our own errors are quoted: others may hold addresses, headers and answers."""
    error = first_of(error)
    return str(error) if isinstance(error, McpError) else f"it cannot be talked with: {type(error).__name__}"
