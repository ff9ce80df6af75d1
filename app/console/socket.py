"""The console's WebSocket: the overview of all workers, every second. What the page sends is keep-alive."""

import asyncio
from contextlib import suppress

import msgspec
from starlette.types import Receive, Scope, Send

from app.console.overview import EVERY_S, Overview
from app.server.sockets.message_rate import MessageRate
from app.server.sockets.socket_reader import SocketReader
from app.server.sockets.socket_writer import OVERLOADED, SocketWriter

SUBPROTOCOL = "earshot.console"
MOST_OPEN = 20
MESSAGES_PER_S = 5.0


class ConsoleSocket:
    """ASGI endpoint of `/api/v1/console`, for operators."""

    def __init__(self, overview: Overview) -> None:
        self._overview = overview
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one console until either side closes."""
        await receive()
        # One that was not offered may not be chosen (RFC 6455, 4.2.2); only our page brings its token by one.
        chosen = SUBPROTOCOL if SUBPROTOCOL in scope.get("subprotocols", ()) else None
        await send({"type": "websocket.accept", "subprotocol": chosen})
        if self._open >= MOST_OPEN:
            await send({"type": "websocket.close", "code": OVERLOADED, "reason": "too many consoles are open"})
            return
        writer = SocketWriter(send)
        self._open += 1
        telling = asyncio.create_task(self._tell(writer), name="console")
        try:
            rate = MessageRate(MESSAGES_PER_S, asyncio.get_running_loop().time)
            await SocketReader(writer, lambda _: None, rate=rate).run(receive, None)
        finally:
            self._open -= 1
            telling.cancel()
            with suppress(asyncio.CancelledError):
                await telling

    async def _tell(self, writer: SocketWriter) -> None:
        while not writer.closed.is_set():
            await self._overview.watch()
            writer.put(msgspec.json.encode(self._overview.message()).decode())
            await asyncio.sleep(EVERY_S)
