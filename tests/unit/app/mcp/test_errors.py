"""Errors of MCP servers."""

from app.mcp.errors import McpError, first_of


def test_the_first_of_a_group_is_told() -> None:
    error = McpError("it has ended")
    assert first_of(error) is error
    assert first_of(ExceptionGroup("outer", [ExceptionGroup("inner", [error, OSError()]), ValueError()])) is error
