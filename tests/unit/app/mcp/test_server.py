"""The connection to an MCP server on virtual time: kept up, whatever the server does."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from actors.mcp_server import McpServerOptions
from actors.runtime.clock import run_virtual
from actors.tool_outcome import ToolOutcome
from app.mcp.errors import CallLostError, CallRefusedError, McpError, ServerAwayError
from app.mcp.sdk import Connection, Described
from app.mcp.server import LIST_S, POLL_S, START_S, McpServer
from app.server.lifecycle import Lifecycle

OPTIONS = McpServerOptions(name="crm", command="crm", environment=("CRM_TOKEN",), tools=("find",))
FIND = {"find": Described("Find.", {"type": "object", "properties": {}})}
PART = "MCP server crm"
TOKEN = {"CRM_TOKEN": "t"}


class FakeSdk:
    """A server whose tools are `listed`; `begins` says how each attempt to connect goes."""

    def __init__(self) -> None:
        self.listed: Mapping[str, Described] = FIND
        self.begins: Callable[[], Awaitable[None]] = self._at_once
        self.lists: Callable[[], Awaitable[None]] = self._at_once
        self.answer: ToolOutcome | Exception = ToolOutcome("done")
        self.attempts: list[float] = []
        self.asked = 0
        self.closed = 0
        self.ended: Callable[[], None] = lambda: None
        self.changed: Callable[[], None] = lambda: None

    @staticmethod
    async def _at_once() -> None: ...

    @asynccontextmanager
    async def connect(
        self,
        options: McpServerOptions,
        variables: Mapping[str, str],
        ended: Callable[[], None],
        changed: Callable[[], None],
    ) -> AsyncIterator[Connection]:
        self.attempts.append(asyncio.get_running_loop().time())
        self.ended, self.changed = ended, changed
        try:
            await self.begins()
            yield self
        finally:
            self.closed += 1

    async def tools(self) -> Mapping[str, Described]:
        self.asked += 1
        await self.lists()
        return self.listed

    async def call(self, named: str, arguments: dict[str, Any], timeout_s: float) -> ToolOutcome:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


Scene = Callable[[FakeSdk, McpServer, Lifecycle], Awaitable[None]]


def play(scene: Scene, variables: Mapping[str, str] = TOKEN) -> FakeSdk:
    """Run `scene` with a server that is started, and stop it."""
    sdk, lifecycle = FakeSdk(), Lifecycle()
    server = McpServer(OPTIONS, sdk.connect)
    server.tool("find", OPTIONS)

    async def main() -> None:
        server.start(variables, lifecycle)
        try:
            await scene(sdk, server, lifecycle)
        finally:
            await server.stop()

    run_virtual(main())
    return sdk


async def fails() -> None:
    raise OSError("https://crm.example.com says no")


async def hangs() -> None:
    await asyncio.Event().wait()


def test_its_tools_say_what_they_take_once_it_is_connected() -> None:
    async def scene(sdk: FakeSdk, server: McpServer, lifecycle: Lifecycle) -> None:
        await server.tried.wait()
        assert server.fault == ""
        assert server.tools["find"].schema.description == "Find."
        assert (await server.call("find", {})).result == "done"

    assert play(scene).closed == 1


def test_one_that_cannot_be_reached_is_tried_again_less_and_less_often(caplog: pytest.LogCaptureFixture) -> None:
    async def scene(sdk: FakeSdk, server: McpServer, lifecycle: Lifecycle) -> None:
        sdk.begins = fails
        await server.tried.wait()
        with pytest.raises(ServerAwayError):
            await server.call("find", {})
        await asyncio.sleep(400)
        assert lifecycle.degradations == {PART: "it cannot be talked with: OSError"}
        sdk.begins = sdk._at_once
        await asyncio.sleep(60)
        assert lifecycle.degradations == {}

    sdk = play(scene)
    waits = [later - earlier for earlier, later in zip(sdk.attempts, sdk.attempts[1:], strict=False)]
    assert waits[:8] == pytest.approx([1, 2, 4, 8, 16, 32, 60, 60])
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        f"{PART} is degraded: it cannot be talked with: OSError"
    ]


def test_one_that_hangs_at_its_start_is_ended_and_tried_again() -> None:
    async def scene(sdk: FakeSdk, server: McpServer, lifecycle: Lifecycle) -> None:
        sdk.begins = hangs
        await asyncio.sleep(START_S + 0.5)
        assert sdk.closed == 1
        assert lifecycle.degradations == {PART: "it has not listed its tools within 30 s"}
        await asyncio.sleep(1)
        assert len(sdk.attempts) == 2

    play(scene)


def test_one_that_hangs_later_is_connected_anew() -> None:
    async def scene(sdk: FakeSdk, server: McpServer, lifecycle: Lifecycle) -> None:
        await server.tried.wait()
        sdk.lists = hangs
        await asyncio.sleep(POLL_S + LIST_S + 2)
        assert lifecycle.degradations == {PART: "it has not listed its tools within 10 s"}
        sdk.lists = sdk._at_once
        await asyncio.sleep(45)
        assert lifecycle.degradations == {}

    assert play(scene).closed >= 2


def test_one_that_ends_is_away_at_once_and_connected_anew() -> None:
    async def scene(sdk: FakeSdk, server: McpServer, lifecycle: Lifecycle) -> None:
        await asyncio.sleep(POLL_S * 3)
        sdk.ended()
        with pytest.raises(ServerAwayError):
            await server.call("find", {})
        await asyncio.sleep(5)
        assert (await server.call("find", {})).result == "done"
        assert lifecycle.degradations == {}

    assert len(play(scene).attempts) == 2


def test_one_that_is_lost_in_mid_call_is_connected_anew() -> None:
    async def scene(sdk: FakeSdk, server: McpServer, lifecycle: Lifecycle) -> None:
        await server.tried.wait()
        sdk.answer = CallLostError("lost")
        with pytest.raises(CallLostError):
            await server.call("find", {})
        with pytest.raises(ServerAwayError):
            await server.call("find", {})
        sdk.answer = ToolOutcome("done")
        await asyncio.sleep(5)
        assert (await server.call("find", {})).result == "done"

    play(scene)


def test_one_that_refuses_a_call_is_asked_whether_it_is_well() -> None:
    async def scene(sdk: FakeSdk, server: McpServer, lifecycle: Lifecycle) -> None:
        await asyncio.sleep(2)
        asked = sdk.asked
        sdk.answer = CallRefusedError("no")
        with pytest.raises(CallRefusedError):
            await server.call("find", {})
        await asyncio.sleep(2)
        assert sdk.asked == asked + 1
        assert len(sdk.attempts) == 1

    play(scene)


def test_other_tools_are_noticed_and_not_more_often_than_once_a_second() -> None:
    async def scene(sdk: FakeSdk, server: McpServer, lifecycle: Lifecycle) -> None:
        await server.tried.wait()
        sdk.listed = {"fnd": FIND["find"]}
        asked = sdk.asked
        for _ in range(1_000):
            sdk.changed()
            await asyncio.sleep(0.01)
        assert 5 <= sdk.asked - asked <= 11
        assert lifecycle.degradations == {PART: "it has no tool find; is fnd meant?"}
        sdk.listed = {"find": Described("Find others.", FIND["find"].schema)}
        await asyncio.sleep(POLL_S + 2)
        assert lifecycle.degradations == {}
        assert server.tools["find"].schema.description == "Find others."

    play(scene)


def test_a_tool_whose_schema_cannot_be_used_is_a_degradation() -> None:
    async def scene(sdk: FakeSdk, server: McpServer, lifecycle: Lifecycle) -> None:
        sdk.listed = {"find": Described("Find.", {"type": "array"})}
        await server.tried.wait()
        assert lifecycle.degradations == {
            PART: "the tool find cannot be used: its schema describes no object",
        }

    play(scene)


def test_a_variable_that_is_not_set_is_named() -> None:
    async def scene(sdk: FakeSdk, server: McpServer, lifecycle: Lifecycle) -> None:
        await server.tried.wait()
        assert lifecycle.degradations == {PART: "CRM_TOKEN is not set"}

    assert play(scene, {}).attempts == []


def test_what_its_own_error_says_is_told() -> None:
    async def without() -> None:
        raise ExceptionGroup("of the SDK", [McpError("the extra `mcp` is not installed")])

    async def scene(sdk: FakeSdk, server: McpServer, lifecycle: Lifecycle) -> None:
        sdk.begins = without
        await server.tried.wait()
        assert lifecycle.degradations == {PART: "the extra `mcp` is not installed"}

    play(scene)
