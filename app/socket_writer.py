"""One WebSocket: its sending side, with a queue so that a peer that does not read delays nobody, and who listens."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from functools import partial
from types import CoroutineType, coroutine
from typing import Any, Protocol

from starlette.types import Receive, Scope, Send

BEHIND_MS = 1_000.0
"""Audio queued beyond this means that the peer does not read: it is closed."""
NORMAL, REFUSED, TOO_BIG, RESTARTING, OVERLOADED = 1000, 1008, 1009, 1012, 1013

Message = str | bytes
"""A message of a WebSocket: text, or bytes."""


SHORTCUT = "earshot.shortcut"
"""Extension of a WebSocket's ASGI scope: called before the handshake is answered, it gives the shortcut or None."""


class Shortcut(Protocol):
    """A way to the peer past ASGI, for messages that need not wait; `app/hypercorn_sockets.py` has one."""

    def send(self, message: Message) -> bool:
        """Send a message at once, behind all that was sent before; False if that is for ASGI."""
        ...

    def listen(self, take: Callable[[Message], None]) -> "asyncio.Future[None]":
        """Give `take` messages of the peer; those it is not given come by ASGI. What it raises, the future raises."""
        ...

    def give_back(self) -> None:
        """All that comes from now on comes by ASGI."""
        ...


def shortcut_of(scope: Scope) -> Shortcut | None:
    """The shortcut of a WebSocket that is about to be accepted, where its server has one.

    What the peer sends is held from then on, until it is listened to or given back.
    """
    shortcut: Callable[[], Shortcut | None] | None = scope.get("extensions", {}).get(SHORTCUT)
    return shortcut() if shortcut is not None else None


class SocketWriter:
    """Sends what it is given, in order. Belongs to the loop's thread; nothing here waits for the peer.

    What the server takes at once is sent before `put` returns, without a task's turn of the loop; a task waits where
    the peer is slow.
    """

    def __init__(self, send: Send, shortcut: Shortcut | None = None) -> None:
        self._send = send
        self._shortcut = shortcut
        self._queue: deque[tuple[float, Message]] = deque()
        self._queued_ms = 0.0
        self._closing: tuple[int, str] | None = None
        self._waiting: asyncio.Task[None] | None = None
        self._sending = False
        self.closed = asyncio.Event()

    def put(self, message: Message, duration_ms: float = 0.0) -> None:
        """Send a message that carries `duration_ms` of audio."""
        if self._closing is not None or self.closed.is_set():
            return
        if self._waiting is None and not self._sending and not self._queue:
            self._at_once(message)
            return
        self._queue.append((duration_ms, message))
        self._queued_ms += duration_ms
        if self._queued_ms > BEHIND_MS:
            self._drop_audio()
            self.close(REFUSED, "the client does not read what it is sent")
            # The task may be waiting in a send that never returns; closing must not wait for it.
            asyncio.get_running_loop().call_later(1.0, self._give_up)
        self._go()

    def silence(self, messages: Sequence[Message]) -> None:
        """Drop queued audio; `messages` go ahead of all else."""
        self._drop_audio()
        if self._closing is None:
            self._queue.extendleft((0.0, message) for message in reversed(messages))
            self._go()

    def close(self, code: int, reason: str) -> None:
        """Close once what is queued has been sent."""
        if self._closing is None:
            self._closing = (code, reason)
            self._go()

    def abandon(self) -> None:
        """The peer is gone: send nothing more."""
        self._queue.clear()
        self._give_up()

    def _drop_audio(self) -> None:
        if self._queued_ms:
            self._queue = deque(item for item in self._queue if not item[0])
            self._queued_ms = 0.0

    def _give_up(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        self.closed.set()

    def _go(self) -> None:
        """Send what is queued as far as the server takes it, and close if that is due."""
        while self._queue and self._waiting is None and not self._sending:
            self._at_once(self._next())
        if self._closing is not None and self._waiting is None and not self._sending and not self.closed.is_set():
            self._wait(None)

    def _at_once(self, message: Message) -> None:
        """Send as far as the server takes it; a task does the rest."""
        if self.closed.is_set() or (self._shortcut is not None and self._shortcut.send(message)):
            return
        self._sending = True
        sending = self._send(_event(message))
        if type(sending) is not CoroutineType:
            sending = _awaited(sending)
        try:
            waits_for = sending.send(None)
        except StopIteration:
            return
        except (OSError, RuntimeError):
            # The peer went away in mid-send; its receiving side says so too.
            self.closed.set()
            return
        finally:
            self._sending = False
        self._wait(_rest(sending, waits_for))

    def _next(self) -> Message:
        duration_ms, message = self._queue.popleft()
        self._queued_ms = max(0.0, self._queued_ms - duration_ms)
        return message

    def _wait(self, sending: Awaitable[None] | None) -> None:
        self._waiting = asyncio.get_running_loop().create_task(self._write(sending), name="socket.writer")

    async def _write(self, sending: Awaitable[None] | None) -> None:
        """End the sending that has begun, then send all else, and close if that was asked for."""
        try:
            if sending is not None:
                await sending
            while self._queue:
                await self._send(_event(self._next()))
            if self._closing is None:
                self._waiting = None
                return
            code, reason = self._closing
            await self._send({"type": "websocket.close", "code": code, "reason": reason})
        except (OSError, RuntimeError):
            pass
        except BaseException:
            self.closed.set()
            raise
        self.closed.set()


@coroutine
def _rest(begun: Coroutine[Any, Any, None], waits_for: Any) -> Generator[Any, Any, None]:
    """A coroutine that has begun and waits, to be awaited in a task."""
    while True:
        try:
            value = yield waits_for
        except GeneratorExit:
            begun.close()
            raise
        except BaseException as error:  # noqa: BLE001 - it is for the coroutine: a cancellation above all
            step = partial(begun.throw, error)
        else:
            step = partial(begun.send, value)
        try:
            waits_for = step()
        except StopIteration:
            return


async def _awaited(sending: Awaitable[None]) -> None:
    await sending


async def take_until_closed(
    receive: Receive, closed: asyncio.Event, take: Callable[[Message], None], shortcut: Shortcut | None = None
) -> None:
    """Give `take` each message of the peer, until it is gone or `closed` is set.

    In a task of its own: a frame then wakes two coroutines, not all the layers that the socket was routed through.
    """
    waits_for = [asyncio.ensure_future(_take(receive, take)), asyncio.ensure_future(closed.wait())]
    if shortcut is not None:
        waits_for.append(asyncio.ensure_future(shortcut.listen(take)))
    try:
        done, _ = await asyncio.wait(waits_for, return_when=asyncio.FIRST_COMPLETED)
        for ended in done:
            ended.result()
    finally:
        if shortcut is not None:
            shortcut.give_back()
        for waiting in waits_for:
            waiting.cancel()


async def _take(receive: Receive, take: Callable[[Message], None]) -> None:
    while (event := await receive())["type"] != "websocket.disconnect":
        text = event.get("text")
        take(event["bytes"] if text is None else text)


def _event(message: Message) -> dict[str, Any]:
    return {"type": "websocket.send", "text" if isinstance(message, str) else "bytes": message}
