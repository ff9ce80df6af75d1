"""A WebSocket that the service opens to the application."""

import asyncio
import socket
from collections.abc import Callable, Mapping

import aiohttp

CONNECT_TIMEOUT_S = 5.0
CLOSE_TIMEOUT_S = 1.0
QUEUED_MESSAGES = 250
"""Messages kept for an application that does not read; past these the oldest goes."""


class SocketRefused(Exception):
    """The application did not take the connection. `status`: what it answered, None if nothing."""

    def __init__(self, status: int | None, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class ServiceSocket:
    """One connection. Sending never waits: what the application does not read is queued, then dropped and counted."""

    def __init__(self, connection: aiohttp.ClientWebSocketResponse) -> None:
        self.dropped = 0
        self._connection = connection
        self._queue: asyncio.Queue[str] = asyncio.Queue()

    @classmethod
    async def open(cls, session: aiohttp.ClientSession, url: str, headers: Mapping[str, str]) -> "ServiceSocket":
        """Connect.

        Raises:
            SocketRefused: the application refused, or is not there.
        """
        try:
            timeout = aiohttp.ClientWSTimeout(ws_close=CLOSE_TIMEOUT_S)
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                return cls(await session.ws_connect(url, headers=headers, max_msg_size=0, timeout=timeout))
        except aiohttp.WSServerHandshakeError as error:
            raise SocketRefused(error.status, str(error)) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise SocketRefused(None, f"{type(error).__name__}: {error}") from None

    def send(self, text: str) -> None:
        """Send a message, after those before it."""
        if self._queue.qsize() >= QUEUED_MESSAGES:
            self._queue.get_nowait()
            self.dropped += 1
        self._queue.put_nowait(text)

    async def serve(self, on_text: Callable[[str], None], on_binary: Callable[[bytes], None]) -> int:
        """Send and receive until the connection ends; its close code, 1006 if there was none."""
        writer = asyncio.create_task(self._write())
        try:
            async for message in self._connection:
                if message.type is aiohttp.WSMsgType.TEXT:
                    on_text(message.data)
                elif message.type is aiohttp.WSMsgType.BINARY:
                    on_binary(message.data)
            return self._connection.close_code or 1006
        finally:
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
            await self._connection.close()

    async def close(self, code: int = 1000) -> None:
        """End the connection politely."""
        await self._connection.close(code=code)

    def drop(self) -> None:
        """Break the connection without a word."""
        descriptor = self._connection.get_extra_info("socket")
        if descriptor is None:
            return
        # A duplicate, as not every loop's transport lets its own socket be shut down.
        with socket.socket(fileno=socket.dup(descriptor.fileno())) as duplicate:
            duplicate.shutdown(socket.SHUT_RDWR)

    async def _write(self) -> None:
        while True:
            text = await self._queue.get()
            try:
                await self._connection.send_str(text)
            except (aiohttp.ClientError, ConnectionError):
                return
