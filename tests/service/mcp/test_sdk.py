"""Real MCP servers, written with the SDK, over both of its ways, and in trouble."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from actors.mcp_server import McpServerOptions
from actors.tool_outcome import ToolOutcome
from actors.tools import ToolContext
from app.mcp import server as server_module
from app.mcp.server import McpServer
from app.server.lifecycle import Lifecycle
from tests.kit.ports import free_port
from tests.kit.serving import ROOT, alive, eventually

WAIT_S = 60.0
TOOLS = ("find_customer", "book-visit", "slow", "fail", "long", "die", "secrets", "change")
PART = "MCP server crm"
RUN = """
import runpy, sys
sys.path.insert(0, {root!r})
runpy.run_module("tests.kit.mcp_servers.{module}", run_name="__main__")
"""


def started(module: str, *args: str, **more: Any) -> McpServerOptions:
    arguments = ("-c", RUN.format(root=str(ROOT), module=module), *args)
    return McpServerOptions(name="crm", command=sys.executable, args=arguments, **{"tools": TOOLS, **more})


def over_http(port: int, **more: Any) -> McpServerOptions:
    return McpServerOptions(name="crm", url=f"http://127.0.0.1:{port}/mcp", **{"tools": TOOLS, **more})


@contextmanager
def listening(port: int, **variables: str) -> Iterator[None]:
    """The server over streamable HTTP, until the end or until it ends itself."""
    command = [sys.executable, "-m", "tests.kit.mcp_servers.crm", str(port)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **variables}, stdout=quiet, stderr=quiet) as process:
        try:
            yield
        finally:
            process.kill()


class Worker:
    """A server as a worker has it."""

    def __init__(self, server: McpServer) -> None:
        self.server = server
        self.lifecycle = Lifecycle()

    async def call(self, named: str, arguments: str = "") -> ToolOutcome:
        return await self.server.tools[named].run(arguments, ToolContext(session_id="s"))

    async def well(self) -> None:
        await self._until(lambda: not self.server.fault)

    async def degraded(self, cause: str) -> None:
        await self._until(lambda: cause in self.lifecycle.degradations.get(PART, ""))

    async def _until(self, holds: Any) -> None:
        async with asyncio.timeout(WAIT_S):
            while not holds():  # noqa: ASYNC110 - of another process
                await asyncio.sleep(0.05)


@asynccontextmanager
async def worker(options: McpServerOptions, **variables: str) -> AsyncIterator[Worker]:
    server = McpServer(options)
    for named in options.tools:
        server.tool(named, options)
    has = Worker(server)
    server.start(variables, has.lifecycle)
    try:
        yield has
    finally:
        await server.stop()


@asynccontextmanager
async def either_way(way: str, **more: Any) -> AsyncIterator[Worker]:
    """A worker with a good server, which is connected."""
    if way == "stdio":
        async with worker(started("crm", **more)) as has:
            await has.well()
            yield has
        return
    port = free_port()
    with listening(port):
        async with worker(over_http(port, **more)) as has:
            await has.well()
            yield has


@pytest.mark.parametrize("way", ["stdio", "http"])
async def test_tools_are_called_as_own_tools_are(way: str) -> None:
    async with either_way(way) as has:
        schema = has.server.tools["find_customer"].schema
        assert (schema.name, schema.description) == ("crm_find_customer", "Find a customer by telephone number.")
        assert schema.parameters["required"] == ["number"]
        found = await has.call("find_customer", '{"number": "7", "limit": "2"}')
        assert (found.result, found.failed) == ({"name": "Customer 7", "limit": "2"}, False)
        assert "missing required field `number`" in (await has.call("find_customer", "{}")).text
        assert "booked for Monday" in (await has.call("book-visit", '{"day": "Monday"}')).text
        failed = await has.call("fail")
        assert failed.failed
        assert "fail" in failed.text
        assert "not_offered" not in has.server.tools
        assert has.lifecycle.degradations == {}


@pytest.mark.parametrize("way", ["stdio", "http"])
async def test_a_call_that_is_late_or_cancelled_leaves_the_connection_as_it_is(way: str) -> None:
    # Time enough for the last call, which is quick, on a machine that is not.
    async with either_way(way, timeout_s=4) as has:
        assert "took longer than 4 seconds" in (await has.call("slow")).text
        call = asyncio.ensure_future(has.call("slow"))
        await asyncio.sleep(0.1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert (await has.call("find_customer", '{"number": "7"}')).failed is False


async def test_calls_at_once_do_not_wait_for_each_other() -> None:
    async with either_way("stdio") as has:
        slow = asyncio.ensure_future(has.call("slow"))
        quick = await asyncio.gather(*(has.call("find_customer", f'{{"number": "{n}"}}') for n in range(20)))
        assert [each.result["name"] for each in quick] == [f"Customer {n}" for n in range(20)]
        assert not slow.done()
        slow.cancel()


async def test_a_server_that_dies_in_mid_call_is_started_anew() -> None:
    async with either_way("stdio") as has:
        assert "it is not known whether this was done" in (await has.call("die")).text
        assert "cannot be reached just now" in (await has.call("secrets")).text
        await has.degraded("it has ended")
        await has.well()
        assert (await has.call("secrets")).failed is False
        assert has.lifecycle.degradations == {}


async def test_a_server_over_http_that_dies_is_found_again_when_it_is_back() -> None:
    port = free_port()
    async with worker(over_http(port)) as has:
        await has.degraded("it cannot be talked with")
        with listening(port):
            await has.well()
            assert "it is not known whether this was done" in (await has.call("die")).text
        await has.degraded("it cannot be talked with")
        assert "cannot be reached just now" in (await has.call("secrets")).text
        with listening(port):
            await has.well()
            assert (await has.call("secrets")).failed is False


async def test_a_server_is_given_the_variables_that_are_named_and_no_others() -> None:
    options = started("crm", environment=("CRM_TOKEN",))
    async with worker(options, CRM_TOKEN="t") as has:
        await has.well()
        assert (await has.call("secrets")).result == {"CRM_TOKEN": "t", "OTHER_TOKEN": ""}


@pytest.mark.parametrize(("header", "is_well"), [("Authorization: Bearer t", True), ("Authorization: Bearer x", False)])
async def test_requests_carry_the_headers_of_the_variable(header: str, is_well: bool) -> None:
    port = free_port()
    with listening(port, CRM_TOKEN="t"):
        async with worker(over_http(port, headers_from="CRM_HEADERS"), CRM_HEADERS=header) as has:
            if is_well:
                await has.well()
            else:
                await has.degraded("it cannot be talked with")
                assert "Bearer" not in has.server.fault


@pytest.mark.parametrize(("way", "poll_s"), [("stdio", 10 * WAIT_S), ("http", 1.0)])
async def test_a_list_that_changes_is_noticed(way: str, poll_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "POLL_S", poll_s)
    async with either_way(way) as has:
        await has.call("change")
        await has.degraded("it has no tool fail")
        assert (await has.call("fail")).failed
        assert (await has.call("find_customer", '{"number": "7"}')).failed is False


async def test_a_server_that_floods_its_outputs_is_used(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    async with worker(started("broken", "talkative")) as has:
        await has.well()
        assert (await has.call("find_customer", '{"number": "7"}')).failed is False
    assert [record for record in caplog.records if record.levelname != "INFO"] == []
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("gone", "it has ended"),
        ("endless", "it has ended"),
        ("silent", "it has not listed its tools within 2 s"),
        ("rubbish", "it has not listed its tools within 2 s"),
    ],
)
async def test_a_server_that_does_not_start_is_one_line_in_the_log(
    fault: str, cause: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(server_module, "START_S", 2.0 if cause.endswith("2 s") else WAIT_S)
    async with worker(started("broken", fault)) as has:
        await has.degraded(cause)
        assert "cannot be reached just now" in (await has.call("secrets")).text
        # The second attempt fails as the first, and is no news.
        await has._until(lambda: has.server._failed_attempts >= 2)
    warnings = [record.getMessage() for record in caplog.records if record.levelname != "INFO"]
    assert warnings == [
        f"{PART} is degraded: {cause}",
        "tool crm_secrets was not called: its MCP server is away",
    ]


async def test_a_program_that_is_not_there_is_a_degradation() -> None:
    async with worker(McpServerOptions(name="crm", command="/nowhere/server", tools=("a",))) as has:
        await has.degraded("there is no program /nowhere/server")


@pytest.mark.parametrize("fault", ["deaf", "family"])
async def test_what_was_started_ends_with_the_connection(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "CLOSE_S", WAIT_S)
    noted = tmp_path / "pids"
    async with worker(started("broken", fault, str(noted))) as has:
        await has._until(noted.exists)
        if fault == "family":
            await has.well()
    eventually(lambda: not any(alive(int(pid)) for pid in noted.read_text().split()))
