"""What the workers of one server tell each other through the launcher: what one tells, all hear in the same order."""

import asyncio
import contextlib
import itertools
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from app.line import BEAT, Notice, decode_notice, encode_notice

log = logging.getLogger(__name__)

TELL_TIMEOUT_S = 5.0
READ_BYTES = 1 << 16

TakeNotice = Callable[[Notice], None]


class SiblingsUnreachableError(Exception):
    """The launcher does not pass anything on. The text is one line."""


class Siblings:
    """One per worker. Without a launcher the worker is alone, and hears what it tells itself. Belongs to the loop."""

    def __init__(self) -> None:
        self._takers: list[TakeNotice] = []
        self._send: Callable[[bytes], Awaitable[None]] | None = None
        self._beat: Callable[[], None] = lambda: None
        self._numbers = itertools.count(1)
        self._awaited: dict[int, asyncio.Future[None]] = {}

    def on_notice(self, take: TakeNotice) -> None:
        """Have `take` called with every notice; it looks at the topic."""
        self._takers.append(take)

    async def tell(self, topic: str, fields: dict[str, Any]) -> None:
        """Have every worker know, those that start later too. Returns when this one has heard it.

        Raises:
            SiblingsUnreachableError: it cannot be said whether anybody hears of it.
        """
        if self._send is None:
            self.hear(Notice(topic, fields))
            return
        number = next(self._numbers)
        heard = self._awaited[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(TELL_TIMEOUT_S):
                await self._send(encode_notice(Notice(topic, fields, os.getpid(), number)))
                await heard
        except (OSError, TimeoutError):
            raise SiblingsUnreachableError("the other workers of this server cannot be told") from None
        finally:
            del self._awaited[number]

    def hear(self, notice: Notice) -> None:
        """A notice has come."""
        for take in self._takers:
            take(notice)
        if notice.teller == os.getpid() and (heard := self._awaited.get(notice.number)) and not heard.done():
            heard.set_result(None)

    def connect(self, line: socket.socket, hung_up: Callable[[], None]) -> None:
        """Speak and listen on the line from now on; what has come already is heard before this returns.

        `hung_up` is called when the launcher has closed its end.
        """
        listener = _LineReader(line, self.hear, hung_up)
        line.setblocking(False)
        asyncio.get_running_loop().add_reader(line, listener.read)
        listener.read()
        writer = _LineWriter(line)
        self._send = writer.write
        self._beat = writer.beat

    def beat(self) -> None:
        """Give the launcher a sign of life; never waits."""
        self._beat()


class _LineReader:
    def __init__(self, line: socket.socket, hear: TakeNotice, hung_up: Callable[[], None]) -> None:
        self._line = line
        self._hear = hear
        self._hung_up = hung_up
        self._begun = b""

    def read(self) -> None:
        """Take everything that has come."""
        while True:
            try:
                piece = self._line.recv(READ_BYTES)
            except BlockingIOError:
                return
            except OSError:
                piece = b""
            if not piece:
                asyncio.get_running_loop().remove_reader(self._line)
                self._hung_up()
                return
            *lines, self._begun = (self._begun + piece).split(b"\n")
            for line in lines:
                self._hear(decode_notice(line))


class _LineWriter:
    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._free = asyncio.Lock()
        self._torn = False

    def beat(self) -> None:
        """Write a sign of life, unless a line is being written or the launcher does not read: then it has enough."""
        if self._free.locked():
            return
        text = self._afresh() + BEAT
        with contextlib.suppress(OSError):
            self._torn = self._line.send(text) < len(text)

    async def write(self, text: bytes) -> None:
        """Write a line, after those that are being written."""
        async with self._free:
            begun, self._torn = self._afresh(), True
            await asyncio.get_running_loop().sock_sendall(self._line, begun + text)
            self._torn = False

    def _afresh(self) -> bytes:
        """What ends a line that was given up: it is then a line by itself, which the launcher does not understand."""
        return b"\n" if self._torn else b""
