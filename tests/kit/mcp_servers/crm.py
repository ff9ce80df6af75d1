"""A real MCP server, written with the SDK: `python -m tests.kit.mcp_servers.crm [PORT]`.

Without a port it speaks over standard input and output, else streamable HTTP on that port of loopback.
"""

import asyncio
import os
import sys

import uvicorn
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

server = MCPServer("crm")


@server.tool()
async def find_customer(number: str, limit: int = 1) -> dict[str, str]:
    """Find a customer by telephone number."""
    return {"name": f"Customer {number}", "limit": str(limit)}


@server.tool(name="book-visit")
async def book_visit(day: str) -> str:
    """Book a visit."""
    return f"booked for {day}"


@server.tool()
async def slow() -> str:
    """Take a while."""
    await asyncio.sleep(60)
    return "done"


@server.tool()
async def fail() -> str:
    """Fail."""
    raise ValueError("there is no such customer")


@server.tool()
async def long() -> str:
    """Say a lot."""
    return "word " * 10_000


@server.tool()
async def die() -> str:
    """End this process in mid-call."""
    os._exit(3)


@server.tool()
async def secrets() -> dict[str, str]:
    """Tell what of the environment is here."""
    return {name: os.environ.get(name, "") for name in ("CRM_TOKEN", "OTHER_TOKEN")}


@server.tool()
async def not_offered() -> str:
    """Never asked for by an agent."""
    return "called"


@server.tool()
async def change(context: Context) -> str:
    """Have one tool less, and say so."""
    server.remove_tool("fail")
    await context.notify_tools_changed()
    return "changed"


class WithToken:
    """The server's application, which answers nobody without the right token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and Request(scope).headers.get("authorization") != f"Bearer {self._token}":
            await send({"type": "http.response.start", "status": 401, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await self._app(scope, receive, send)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        app: ASGIApp = server.streamable_http_app()
        if token := os.environ.get("CRM_TOKEN"):
            app = WithToken(app, token)
        uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error")
    else:
        server.run()
