"""The MCP server of an agent's file, as data."""

from actors.mcp_server import McpServerOptions


def test_a_tool_is_named_after_its_server() -> None:
    options = McpServerOptions(name="our-crm", url="https://crm.example.com/mcp", tools=("find.customer", "a/b-c"))
    assert [options.tool(each) for each in options.tools] == ["our_crm_find_customer", "our_crm_a_b_c"]
