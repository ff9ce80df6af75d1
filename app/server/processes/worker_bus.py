"""The worker bus: notices between the workers of one server, through the launcher, in the same order for all of them.

The launcher is also asked which worker has a session, and told which ones this worker has.
"""

import asyncio
import contextlib
import itertools
import logging
import os
import socket
from collections.abc import Callable, Coroutine
from typing import Any

from actors.runtime.failure_counters import Failure, report_failure
from app.errors import AppError
from app.server.processes.worker_pipe import (
    BEAT,
    AskOwner,
    FromLauncher,
    ListensNoMore,
    SessionBegun,
    SessionLeft,
    WorkerNotice,
    decode_from_launcher,
    encode_line,
)

log = logging.getLogger(__name__)

TELL_TIMEOUT_S = 5.0
ASK_TIMEOUT_S = 0.5
"""Seconds for an answer of the launcher, which takes less than a millisecond; a client waits for it."""
UNSENT_MOST = 1_000
"""The most notices about sessions that wait to be sent; with more the launcher is taken to be gone."""
READ_BYTES = 1 << 16

TakeNotice = Callable[[WorkerNotice], None]


class WorkerBusError(AppError):
    """The launcher cannot be reached or does not answer in time. The text is one line."""


class ServerEndingError(WorkerBusError):
    """The server is ending, and the launcher relays no more notices: this is no failure."""

    def __init__(self) -> None:
        super().__init__("the workers of this server are ending")


class WorkerBus:
    """One worker's end of the bus. Without a launcher it hears only itself. Use it on the loop's thread."""

    def __init__(self) -> None:
        self._takers: list[TakeNotice] = []
        self._send: Callable[[bytes], Coroutine[Any, Any, None]] | None = None
        self._beat: Callable[[], None] = lambda: None
        self._numbers = itertools.count(1)
        self._awaited: dict[int, asyncio.Future[None]] = {}
        self._asked: dict[int, asyncio.Future[int]] = {}
        self._unsent: set[asyncio.Task[None]] = set()
        self._is_over = False
        """Whether the launcher sends nothing more, because this worker drains or is an orphan."""

    def on_notice(self, take: TakeNotice) -> None:
        """Have `take` called with every notice; `take` selects by topic."""
        self._takers.append(take)

    async def tell(self, topic: str, fields: dict[str, Any]) -> None:
        """Send a notice to every worker, those that start later included. Returns when this worker has heard it itself.

        Raises:
            WorkerBusError: it cannot be said whether anybody hears of it.
        """
        if self._send is None:
            self.hear(WorkerNotice(topic, fields))
            return
        if self._is_over:
            raise ServerEndingError
        number = next(self._numbers)
        heard = self._awaited[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(TELL_TIMEOUT_S):
                await self._send(encode_line(WorkerNotice(topic, fields, os.getpid(), number)))
                await heard
        except (OSError, TimeoutError):
            if not self._is_over:
                report_failure(
                    Failure.DROPPED,
                    log,
                    "the other workers are not told of %s: the launcher does not answer",
                    topic,
                    place="worker bus",
                )
                raise WorkerBusError("the other workers of this server cannot be told") from None
            raise ServerEndingError from None
        finally:
            del self._awaited[number]

    async def owner(self, session_id: str, *, claim: bool) -> int:
        """The process id of the worker that has a session, 0 if none has. `claim`: this one, from now on, if none has.

        Raises:
            WorkerBusError: the launcher does not answer.
        """
        if self._send is None:
            return os.getpid()
        if self._is_over:
            raise ServerEndingError
        number = next(self._numbers)
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        try:
            async with asyncio.timeout(ASK_TIMEOUT_S):
                await self._send(encode_line(AskOwner(session_id=session_id, number=number, claim=claim)))
                return await answer
        except (OSError, TimeoutError):
            raise WorkerBusError("it cannot be found out which worker has the session") from None
        finally:
            del self._asked[number]

    def session_opened(self, session_id: str) -> None:
        """Tell the launcher that this worker has begun a session; never waits."""
        self._say(SessionBegun(session_id))

    def session_left(self, session_id: str, *, begun: bool) -> None:
        """Tell the launcher that a session of this worker is over, or was claimed and never begun; never waits."""
        self._say(SessionLeft(session_id, begun))

    @property
    def server_ends(self) -> bool:
        """Whether the launcher has ordered all workers to end, or has died."""
        return self._is_over

    def listens_no_more(self) -> None:
        """Tell the launcher that this worker takes no more connections; never waits."""
        self._say(ListensNoMore())

    def _say(self, message: SessionBegun | SessionLeft | ListensNoMore) -> None:
        if self._send is None:
            return
        if len(self._unsent) >= UNSENT_MOST:
            report_failure(
                Failure.DROPPED,
                log,
                "the launcher is not told of a session: %d messages wait for it already",
                len(self._unsent),
                place="worker bus",
            )
            return
        # Each write waits for the one before, so that lines are written in order.
        sending = asyncio.create_task(self._send(encode_line(message)))
        self._unsent.add(sending)
        sending.add_done_callback(self._sent)

    def _sent(self, sending: asyncio.Task[None]) -> None:
        self._unsent.discard(sending)
        if not sending.cancelled() and sending.exception() is not None:
            report_failure(
                Failure.DROPPED,
                log,
                "the launcher was not told of a session: %s",
                type(sending.exception()).__name__,
                place="worker bus",
            )

    def _take(self, message: FromLauncher) -> None:
        if isinstance(message, WorkerNotice):
            self.hear(message)
        elif (answer := self._asked.get(message.number)) and not answer.done():
            answer.set_result(message.worker)

    def hear(self, notice: WorkerNotice) -> None:
        """Pass a notice to all subscribers, and wake the `tell` that waits for it."""
        for take in self._takers:
            take(notice)
        if notice.teller == os.getpid() and (heard := self._awaited.get(notice.number)) and not heard.done():
            heard.set_result(None)

    def connect(self, pipe: socket.socket, hung_up: Callable[[], None]) -> None:
        """Read and write the worker pipe from now on; what has come already is handled before this returns.

        `hung_up` is called when the launcher has closed its end.
        """

        def ended() -> None:
            self._end()
            hung_up()

        listener = _PipeReader(pipe, self._take, ended)
        pipe.setblocking(False)
        asyncio.get_running_loop().add_reader(pipe, listener.read)
        listener.read()
        writer = _PipeWriter(pipe)
        self._send = writer.write
        self._beat = writer.beat

    def _end(self) -> None:
        """End every wait for an answer: the launcher sends nothing more."""
        self._is_over = True
        answers: list[asyncio.Future[Any]] = [*self._awaited.values(), *self._asked.values()]
        for answer in answers:
            if not answer.done():
                answer.set_exception(ConnectionResetError())

    def beat(self) -> None:
        """Give the launcher a sign of life; never waits."""
        self._beat()


class _PipeReader:
    def __init__(self, pipe: socket.socket, hear: Callable[[FromLauncher], None], hung_up: Callable[[], None]) -> None:
        self._pipe = pipe
        self._hear = hear
        self._hung_up = hung_up
        self._begun = b""

    def read(self) -> None:
        """Handle every whole line that the launcher has sent."""
        while True:
            try:
                piece = self._pipe.recv(READ_BYTES)
            except BlockingIOError:
                return
            except OSError:
                piece = b""
            if not piece:
                asyncio.get_running_loop().remove_reader(self._pipe)
                self._hung_up()
                return
            *lines, self._begun = (self._begun + piece).split(b"\n")
            for line in lines:
                self._hear(decode_from_launcher(line))


class _PipeWriter:
    def __init__(self, pipe: socket.socket) -> None:
        self._pipe = pipe
        self._free = asyncio.Lock()
        self._torn = False

    def beat(self) -> None:
        """Write a sign of life, unless a line is being written or the launcher does not read: then it has enough."""
        if self._free.locked():
            return
        text = self._afresh() + BEAT
        with contextlib.suppress(OSError):
            self._torn = self._pipe.send(text) < len(text)

    async def write(self, text: bytes) -> None:
        """Write one line to the launcher, after those that are being written. Waits for room in the pipe."""
        async with self._free:
            begun, self._torn = self._afresh(), True
            await asyncio.get_running_loop().sock_sendall(self._pipe, begun + text)
            self._torn = False

    def _afresh(self) -> bytes:
        """A line feed if the line before was cut off, else nothing: the launcher ignores a line that is cut off."""
        return b"\n" if self._torn else b""
