"""A WebSocket to an ASGI app in the same process and on the same loop, virtual or real."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.types import ASGIApp

CONVERSATION = "/api/v1/realtime/conversation"


class Closed(Exception):
    """The app closed the socket."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


class AsgiSocket:
    """One connection. `stalled`: while set, the app's sends do not return, as with a client that does not read."""

    def __init__(
        self,
        app: ASGIApp,
        path: str = "/",
        headers: Mapping[str, str] | None = None,
        client: str = "127.0.0.1",
        **query: str,
    ) -> None:
        self._received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.reading = asyncio.Event()
        self.reading.set()
        scope = {
            "type": "websocket",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": urlencode(query).encode(),
            "headers": [(k.lower().encode(), v.encode()) for k, v in (headers or {}).items()],
            "subprotocols": [],
            "client": (client, 1),
            "scheme": "ws",
            "extensions": {},
        }
        self._sent.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.ensure_future(self._run(app, scope))

    async def _run(self, app: ASGIApp, scope: dict[str, Any]) -> None:
        await app(scope, self._sent.get, self._take)

    async def _take(self, message: Any) -> None:
        await self.reading.wait()
        self._received.put_nowait(message)

    def send(self, data: str | bytes) -> None:
        """To the app."""
        key = "text" if isinstance(data, str) else "bytes"
        self._sent.put_nowait({"type": "websocket.receive", key: data})

    async def recv(self) -> str | bytes:
        """From the app.

        Raises:
            Closed: the app closed the socket.
        """
        while True:
            message = await self._received.get()
            if message["type"] == "websocket.close":
                self._received.put_nowait(message)
                raise Closed(message.get("code", 1000), message.get("reason") or "")
            if message["type"] == "websocket.send":
                data: str | bytes | None = message.get("text")
                return data if data is not None else message["bytes"]

    def close(self) -> None:
        """The client goes away."""
        self._sent.put_nowait({"type": "websocket.disconnect", "code": 1001})
