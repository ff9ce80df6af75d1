"""Every open WebSocket of a worker, so that none of them is dropped without a close frame when the worker ends."""

import asyncio
from enum import Enum, auto

from starlette.types import ASGIApp, Message, Receive, Scope, Send

SERVICE_RESTART = 1012


class OpenSockets:
    """ASGI middleware that remembers the sockets it passed on, and can close them all."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._open: set[_Socket] = set()
        self._reason: str | None = None
        self._emptied = asyncio.Event()
        self._emptied.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        socket = _Socket(send, self)
        self._open.add(socket)
        self._emptied.clear()
        try:
            await self._app(scope, receive, socket.send)
        finally:
            self._open.discard(socket)
            if not self._open:
                self._emptied.set()

    @property
    def reason(self) -> str | None:
        """Why sockets are closed, once they are; a socket accepted after that is closed at once."""
        return self._reason

    async def close_all(self, reason: str, within_s: float) -> None:
        """Send each socket a close frame (1012) and wait until clients have answered and the app has released them."""
        self._reason = reason
        try:
            async with asyncio.timeout(within_s):
                closing = (socket.close(reason) for socket in tuple(self._open))
                # One that fails has just ended by itself, and keeps no other from its close frame.
                await asyncio.gather(*closing, return_exceptions=True)
                await self._emptied.wait()
        except TimeoutError:
            return


class _State(Enum):
    HANDSHAKE = auto()
    OPEN = auto()
    CLOSED = auto()


class _Socket:
    """The sending side of one WebSocket, as the app sees it."""

    __slots__ = ("_send", "_sockets", "_state")

    def __init__(self, send: Send, sockets: OpenSockets) -> None:
        self._send = send
        self._sockets = sockets
        self._state = _State.HANDSHAKE

    async def send(self, message: Message) -> None:
        """Pass `message` on; after a close it goes nowhere, as it does when a client has gone."""
        if self._state is _State.CLOSED:
            return
        match message["type"]:
            case "websocket.accept":
                self._state = _State.OPEN
            case "websocket.close":
                self._state = _State.CLOSED
            case _:
                pass
        await self._send(message)
        if message["type"] == "websocket.accept" and self._sockets.reason is not None:
            await self.close(self._sockets.reason)

    async def close(self, reason: str) -> None:
        """Send the close frame of a service that restarts, once, to a socket that is open."""
        if self._state is _State.OPEN:
            self._state = _State.CLOSED
            await self._send({"type": "websocket.close", "code": SERVICE_RESTART, "reason": reason})
