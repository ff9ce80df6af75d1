"""Both ends of a WebSocket without a server, for tests of what reads it and what writes to it."""

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.types import Message as Event

from app.server.sockets.fast_path import Listener, Message


class Peer:
    """The server's side of a socket: takes messages at once while it is open, else when it is opened."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.open = asyncio.Event()
        self.open.set()
        self.fault: Exception | None = None

    async def send(self, message: Event) -> None:
        await self._opened()
        if self.fault is not None:
            raise self.fault
        self.sent.append(message.get("text") or f"close {message['code']}")

    async def _opened(self) -> None:
        if not self.open.is_set():
            await self.open.wait()


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def told(message: Message) -> dict[str, Any]:
    """As Hypercorn says it."""
    text, data = (message, None) if isinstance(message, str) else (None, message)
    return {"type": "websocket.receive", "text": text, "bytes": data}


class Receiving:
    """What a peer sends."""

    def __init__(self, *messages: Mapping[str, Any]) -> None:
        self.queue = asyncio.Queue[Any]()
        for message in messages:
            self.queue.put_nowait(message)

    async def __call__(self) -> Any:
        return await self.queue.get()


class Beside:
    """A fast_path: takes messages while it is open."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.open = True
        self.given_back = False
        self.aborted = False
        self.listener: Listener | None = None
        self.failed = asyncio.get_running_loop().create_future()

    def send(self, message: Message) -> bool:
        if self.open:
            self.sent.append(message)
        return self.open

    def listen(self, listener: Listener) -> "asyncio.Future[None]":
        self.listener = listener
        return self.failed

    def give_back(self) -> None:
        self.given_back = True

    def watch(self, interval_s: float, *, pings: bool = False) -> None:
        self.watched = (interval_s, pings)

    def abort(self) -> None:
        self.aborted = True
