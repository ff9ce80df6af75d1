"""A tool of an MCP server, as a model calls it."""

import logging
from typing import Any

import pytest

from actors.mcp_server import McpServerOptions
from actors.runtime.clock import run_virtual
from actors.tool_outcome import ToolOutcome
from actors.tools import ToolContext
from app.mcp.errors import CallLostError, CallRefusedError, McpError, ServerAwayError
from app.mcp.tool import McpTool

OPTIONS = McpServerOptions(name="crm", url="https://crm.example.com/mcp", tools=("find", "book"), confirm=("book",))
SCHEMA = {"type": "object", "properties": {"number": {"type": "string"}}, "required": ["number"]}


class FakeServer:
    def __init__(self, answer: ToolOutcome | Exception) -> None:
        self.answer = answer
        self.calls: list[tuple[str, dict[str, Any]]] = []

    async def call(self, named: str, arguments: dict[str, Any]) -> ToolOutcome:
        self.calls.append((named, arguments))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def outcome(tool: McpTool, arguments: str) -> ToolOutcome:
    return run_virtual(tool.run(arguments, ToolContext(session_id="s")))


def test_a_call_goes_to_the_server_by_its_own_name() -> None:
    server = FakeServer(ToolOutcome({"name": "Ada"}))
    tool = McpTool(server, OPTIONS, "find")
    tool.describe("Find a customer.", SCHEMA)
    assert (tool.schema.name, tool.schema.description) == ("crm_find", "Find a customer.")
    assert outcome(tool, '{"number": "7"}').result == {"name": "Ada"}
    assert server.calls == [("find", {"number": "7"})]


def test_wrong_arguments_do_not_reach_the_server() -> None:
    server = FakeServer(ToolOutcome("done"))
    tool = McpTool(server, OPTIONS, "find")
    tool.describe("", SCHEMA)
    told = outcome(tool, "{}")
    assert told.failed
    assert told.result == {"error": "wrong arguments for crm_find: Object missing required field `number`"}
    assert server.calls == []


def test_a_tool_that_is_not_described_yet_can_be_offered() -> None:
    tool = McpTool(FakeServer(ServerAwayError("it is not connected yet")), OPTIONS, "find")
    assert tool.schema.parameters == {"type": "object", "properties": {}}
    assert "cannot be reached just now" in outcome(tool, '{"anything": 1}').text


def test_a_schema_that_cannot_be_used_leaves_what_was_there() -> None:
    tool = McpTool(FakeServer(ToolOutcome("done")), OPTIONS, "find")
    tool.describe("Find.", SCHEMA)
    with pytest.raises(McpError):
        tool.describe("Other.", {"type": "array"})
    assert tool.schema.description == "Find."


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ServerAwayError("x"), "crm_find was not done: its service cannot be reached just now"),
        (CallLostError("x"), "it is not known whether this was done"),
        (CallRefusedError("no customer 555"), "no customer 555"),
        (OSError("secret"), "the tool crm_find failed"),
    ],
)
def test_the_model_is_told_of_each_failure_and_the_log_quotes_nothing(
    error: Exception, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    failed = outcome(McpTool(FakeServer(error), OPTIONS, "find"), "")
    assert failed.failed
    assert told in failed.text
    (line,) = (record.getMessage() for record in caplog.records)
    assert "555" not in line
    assert "secret" not in line
