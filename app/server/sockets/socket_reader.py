"""Reads one WebSocket: gives each message to its taker, no faster than it can be handled and than its rate allows."""

import asyncio
import logging
from collections.abc import Callable

from opentelemetry import metrics
from starlette.types import Receive

from app.server.sockets.fast_path import FastPath, Message
from app.server.sockets.message_rate import MessageRate
from app.server.sockets.reading_turns import LOOK_AGAIN_S
from app.server.sockets.socket_writer import CLOSED_BEHIND_S, REFUSED, SocketWriter

log = logging.getLogger(__name__)

_closed_flooding = metrics.get_meter("earshot").create_counter(
    "earshot.socket.closed_flooding", description="WebSockets that were closed since the client sent too much"
)


def _never() -> bool:
    return False


class SocketReader:
    """Reads the messages of one peer on the event loop's thread.

    `take`: called with each message. `crowded`: while it says so, nothing more is read. `rate`: a peer that sends more
    is closed; None for a peer that is trusted and only read as fast as `crowded` allows.
    """

    __slots__ = ("_rate", "_refused", "_writer", "is_crowded", "take")

    def __init__(
        self,
        writer: SocketWriter,
        take: Callable[[Message], None],
        *,
        crowded: Callable[[], bool] = _never,
        rate: MessageRate | None = None,
    ) -> None:
        self.take = take
        self.is_crowded = crowded
        self._writer = writer
        self._rate = rate
        self._refused = False

    def admit(self, frames: int, size_bytes: int) -> bool:
        """Count what the peer has sent; returns False if that was too much and the socket is being closed."""
        if self._rate is None or self._rate.admit(frames, size_bytes):
            return True
        if not self._refused:
            self._refused = True
            _closed_flooding.add(1)
            log.warning("a socket is closed: its client sends more messages than it may")
        self._writer.close(REFUSED, "more messages than this server takes from one connection", CLOSED_BEHIND_S)
        return False

    async def run(self, receive: Receive, fast_path: FastPath | None = None) -> None:
        """Give each message to `take`, until the peer is gone or the writer is closed.

        In a task of its own: a frame then wakes two coroutines, not all the layers that the socket was routed through.
        """
        counted = fast_path is not None
        waits_for: list[asyncio.Future[None]] = [
            asyncio.ensure_future(self._receive(receive, counted=counted)),
            self._writer.closed.waiter(),
        ]
        if fast_path is not None:
            waits_for.append(asyncio.ensure_future(fast_path.listen(self)))
        try:
            done, _ = await asyncio.wait(waits_for, return_when=asyncio.FIRST_COMPLETED)
            for ended in done:
                ended.result()
        finally:
            if fast_path is not None:
                fast_path.give_back()
            for waiting in waits_for:
                waiting.cancel()

    async def _receive(self, receive: Receive, *, counted: bool) -> None:
        """Handle what comes by ASGI, one message after the other. `counted`: the fast path has counted them."""
        while (event := await receive())["type"] != "websocket.disconnect":
            text = event.get("text")
            message: Message = event["bytes"] if text is None else text
            if counted or self.admit(1, len(message)):
                self.take(message)
            while self.is_crowded():  # noqa: ASYNC110 - mailboxes tell nobody that they have room again
                await asyncio.sleep(LOOK_AGAIN_S)
