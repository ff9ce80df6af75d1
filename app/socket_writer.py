"""One WebSocket's sending side: a queue of its own, so that a peer that does not read delays nobody."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable, Mapping
from functools import partial
from types import CoroutineType, coroutine
from typing import Any

from starlette.types import Receive, Send

BEHIND_MS = 1_000.0
"""Audio queued beyond this means that the peer does not read: it is closed."""
NORMAL, REFUSED, TOO_BIG, RESTARTING, OVERLOADED = 1000, 1008, 1009, 1012, 1013

Wire = dict[str, Any]
"""An ASGI event."""


class SocketWriter:
    """Sends what it is given, in order. Belongs to the loop's thread; nothing here waits for the peer.

    What the server takes at once is sent before `put` returns, without a task's turn of the loop; a task waits where
    the peer is slow.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._queue: deque[tuple[float, Wire]] = deque()
        self._queued_ms = 0.0
        self._closing: tuple[int, str] | None = None
        self._waiting: asyncio.Task[None] | None = None
        self._sending = False
        self.closed = asyncio.Event()

    def text(self, text: str) -> None:
        """Send a text message."""
        self.put(0.0, text_wire(text))

    def put(self, duration_ms: float, wire: Wire) -> None:
        """Send a message that carries `duration_ms` of audio, 0 for none."""
        if self._closing is not None:
            return
        if self._waiting is None and not self._sending and not self._queue:
            self._at_once(wire)
            return
        self._queue.append((duration_ms, wire))
        self._queued_ms += duration_ms
        if self._queued_ms > BEHIND_MS:
            self._drop_audio()
            self.close(REFUSED, "the client does not read what it is sent")
            # The task may be waiting in a send that never returns; closing must not wait for it.
            asyncio.get_running_loop().call_later(1.0, self._give_up)
        self._go()

    def silence(self, texts: Iterable[str]) -> None:
        """Drop queued audio; `texts` go ahead of all else."""
        self._drop_audio()
        if self._closing is None:
            self._queue.extendleft(reversed([(0.0, text_wire(text)) for text in texts]))
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

    def _at_once(self, wire: Wire) -> None:
        """Send as far as the server takes it; a task does the rest."""
        if self.closed.is_set():
            return
        self._sending = True
        sending = self._send(wire)
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

    def _next(self) -> Wire:
        duration_ms, wire = self._queue.popleft()
        self._queued_ms = max(0.0, self._queued_ms - duration_ms)
        return wire

    def _wait(self, sending: Awaitable[None] | None) -> None:
        self._waiting = asyncio.get_running_loop().create_task(self._write(sending), name="socket.writer")

    async def _write(self, sending: Awaitable[None] | None) -> None:
        """End the sending that has begun, then send all else, and close if that was asked for."""
        try:
            if sending is not None:
                await sending
            while self._queue:
                await self._send(self._next())
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


async def take_until_closed(receive: Receive, closed: asyncio.Event, take: Callable[[Mapping[str, Any]], None]) -> None:
    """Give `take` each message of the peer, until it is gone or `closed` is set.

    In a task of its own: a frame then wakes two coroutines, not all the layers that the socket was routed through.
    """
    taking = asyncio.ensure_future(_take(receive, take))
    closing = asyncio.ensure_future(closed.wait())
    try:
        await asyncio.wait((taking, closing), return_when=asyncio.FIRST_COMPLETED)
        if taking.done():
            taking.result()
    finally:
        closing.cancel()
        taking.cancel()


async def _take(receive: Receive, take: Callable[[Mapping[str, Any]], None]) -> None:
    while (message := await receive())["type"] != "websocket.disconnect":
        take(message)


def text_wire(text: str) -> Wire:
    """A text message as an ASGI event."""
    return {"type": "websocket.send", "text": text}
