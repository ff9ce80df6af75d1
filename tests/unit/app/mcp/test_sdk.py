"""What is made of the SDK's answers, and of the variable with headers."""

import pytest
from mcp_types import CallToolResult, ImageContent, TextContent

from actors.mcp_server import McpServerOptions
from actors.runtime.clock import run_virtual
from app.mcp import sdk
from app.mcp.errors import McpError
from app.mcp.sdk import connect, headers_in, outcome_of

TEXT = TextContent(type="text", text="Ada")
IMAGE = ImageContent(type="image", data="", mime_type="image/png")


def test_text_is_the_result() -> None:
    told = outcome_of(CallToolResult(content=[TEXT, IMAGE]))
    assert (told.result, told.failed) == ("Ada\n[image, which cannot be spoken]", False)


def test_a_structured_result_comes_first() -> None:
    assert outcome_of(CallToolResult(content=[TEXT], structured_content={"name": "Ada"})).result == {"name": "Ada"}


def test_an_error_is_told_to_the_model() -> None:
    told = outcome_of(CallToolResult(content=[TEXT], is_error=True))
    assert (told.result, told.failed) == ({"error": "Ada"}, True)


def test_headers_are_read_line_by_line() -> None:
    assert headers_in("Authorization: Bearer a:b\n\n X-Team : desk \n") == {
        "Authorization": "Bearer a:b",
        "X-Team": "desk",
    }


@pytest.mark.parametrize("text", ["secret", "Authorization:", ": secret", "X: s\u00e9cret"])
def test_a_line_that_is_no_header_is_not_quoted(text: str) -> None:
    with pytest.raises(McpError) as raised:
        headers_in(text)
    assert "cret" not in str(raised.value)


def test_a_missing_extra_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdk, "is_installed", lambda: False)

    async def main() -> None:
        async with connect(McpServerOptions(name="crm", command="crm", tools=("a",)), {}, lambda: None, lambda: None):
            raise AssertionError

    with pytest.raises(McpError, match="the extra `mcp` is not installed"):
        run_virtual(main())
