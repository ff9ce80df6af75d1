"""Backpressure of one WebSocket: a bounded send queue; a peer that does not read delays nobody and is closed."""

import asyncio
import logging
from collections.abc import Awaitable, Coroutine, Generator, Sequence
from functools import partial
from types import CoroutineType, coroutine
from typing import Any

from opentelemetry import metrics
from starlette.types import Send

from app.one_shot_event import OneShotEvent
from app.server.sockets.fast_path import FastPath, Message

log = logging.getLogger(__name__)

_closed_behind = metrics.get_meter("earshot").create_counter(
    "earshot.socket.closed_behind", description="WebSockets that were closed since the client did not read"
)

BEHIND_MS = 1_000.0
"""Milliseconds of queued audio beyond which the peer is taken not to read, and is closed."""
BEHIND_BYTES = 256 * 1024
"""Bytes of queued messages beyond which it is closed as well; each message counts `OVERHEAD_BYTES` more."""
OVERHEAD_BYTES = 128
CLOSED_BEHIND_S, CLOSED_WITHIN_S = 1.0, 5.0
"""Seconds for which a close frame may wait to be sent; then the connection is dropped. The first is for a peer that
does not read or sends too much, the second for all others."""
MAX_REASON_BYTES = 123
"""The most bytes of the reason in a close frame (RFC 6455)."""
NORMAL, REFUSED, TOO_BIG, RESTARTING, OVERLOADED = 1000, 1008, 1009, 1012, 1013


class SocketWriter:
    """Sends what it is given, in order. Belongs to the loop's thread; nothing here waits for the peer.

    What the server takes at once is sent before `put` returns, without a task's turn of the loop; a task waits where
    the peer is slow.
    """

    def __init__(self, send: Send, fast_path: FastPath | None = None) -> None:
        self._send = send
        self._fast_path = fast_path
        # A list: an empty deque takes 760 bytes, and hardly ever more than a few messages wait.
        self._queue: list[tuple[float, Message]] = []
        self._queued_ms = 0.0
        self.queued_bytes = 0
        """Bytes of messages that wait for the peer, each counted with `OVERHEAD_BYTES` more."""
        self._closing: tuple[int, str] | None = None
        self._waiting: asyncio.Task[None] | None = None
        self._sending = False
        self._deadline: asyncio.TimerHandle | None = None
        self._is_closed = False
        self.closed = OneShotEvent()

    def put(self, message: Message, duration_ms: float = 0.0) -> None:
        """Send a message that carries `duration_ms` of audio."""
        if self._closing is not None or self._is_closed:
            return
        if self._waiting is None and not self._sending and not self._queue:
            if self._fast_path is None or not self._fast_path.send(message):
                self._begin_sending(message)
            return
        self._queue.append((duration_ms, message))
        self._queued_ms += duration_ms
        self.queued_bytes += len(message) + OVERHEAD_BYTES
        if self._queued_ms > BEHIND_MS or self.queued_bytes > BEHIND_BYTES:
            _closed_behind.add(1)
            log.warning("a socket is closed: its client does not read, %d bytes were queued", self.queued_bytes)
            self._drop_all()
            self.close(REFUSED, "the client does not read what it is sent", CLOSED_BEHIND_S)
        else:
            self._go()

    def silence(self, messages: Sequence[Message]) -> None:
        """Drop queued audio; `messages` go ahead of all else."""
        if self._queued_ms:
            self._queue = [item for item in self._queue if not item[0]]
            self._queued_ms = 0.0
            self.queued_bytes = sum(len(message) + OVERHEAD_BYTES for _, message in self._queue)
        if self._closing is None:
            self._queue[:0] = [(0.0, message) for message in messages]
            self.queued_bytes += sum(len(message) + OVERHEAD_BYTES for message in messages)
            self._go()

    def close(self, code: int, reason: str, within_s: float = CLOSED_WITHIN_S) -> None:
        """Close once what is queued has been sent; a reason that is too long is cut.

        What is not sent `within_s` is given up, and the connection dropped.
        """
        if self._closing is None:
            self._closing = (code, reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore"))
            # The task may be waiting in a send that never returns; closing must not wait for it.
            self._deadline = asyncio.get_running_loop().call_later(within_s, self._give_up)
            self._go()

    def abandon(self) -> None:
        """Discard the queue and send nothing more, since the peer is gone."""
        self._drop_all()
        self._end()

    def _drop_all(self) -> None:
        self._queue.clear()
        self._queued_ms = 0.0
        self.queued_bytes = 0

    def _give_up(self) -> None:
        """Drop the connection: the peer has not taken the close frame in time."""
        if not self._is_closed:
            self._end()
            if self._fast_path is not None:
                self._fast_path.abort()

    def _end(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        self._set_closed()

    def _set_closed(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._is_closed = True
        self.closed.set()

    def _go(self) -> None:
        """Send as much of the queue as the server takes at once, and close the socket if that is due."""
        while self._queue and self._waiting is None and not self._sending:
            self._at_once(self._next())
        if self._closing is not None and self._waiting is None and not self._sending and not self._is_closed:
            self._wait(None)

    def _at_once(self, message: Message) -> None:
        """Send as far as the server takes it; a task does the rest."""
        if not self._is_closed and (self._fast_path is None or not self._fast_path.send(message)):
            self._begin_sending(message)

    def _begin_sending(self, message: Message) -> None:
        """Have ASGI send a message, as far as it does so at once."""
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
            self._set_closed()
            return
        finally:
            self._sending = False
        self._wait(_rest(sending, waits_for))

    def _next(self) -> Message:
        duration_ms, message = self._queue.pop(0)
        # Set to zero rather than subtracted down to it: differences of floats would add up.
        self._queued_ms = self._queued_ms - duration_ms if self._queue else 0.0
        self.queued_bytes -= len(message) + OVERHEAD_BYTES
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
            self._set_closed()
            raise
        self._set_closed()


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


def _event(message: Message) -> dict[str, Any]:
    return {"type": "websocket.send", "text" if isinstance(message, str) else "bytes": message}
