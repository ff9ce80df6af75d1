"""The web server of an emulator: it leaves no connection behind, of however short a life it and its clients were."""

import asyncio
import socket
import ssl

from aiohttp import web

SHUTDOWN_S = 0.5


async def take_no_more(listening: int) -> None:
    """Have the running loop accept nothing more on a listening socket, and wait until it has made transports of all
    that it has accepted.

    Call this before an `asyncio.Server` is closed: a connection that its loop has accepted in the same moment fails to
    become a transport then, in silence, and stays open until the garbage collector finds it.
    """
    asyncio.get_running_loop().remove_reader(listening)
    # In one turn the task that makes the transport begins, in the next its protocol hears of it.
    for _ in range(3):
        await asyncio.sleep(0)


class WebServer:
    """Serves an aiohttp application on loopback.

    Handlers that still answer when it closes are given `shutdown_s` seconds; with `handler_cancellation` one is
    cancelled as soon as its client goes away.
    """

    def __init__(
        self,
        application: web.Application,
        *,
        shutdown_s: float = SHUTDOWN_S,
        tls: ssl.SSLContext | None = None,
        handler_cancellation: bool = False,
    ) -> None:
        self.port = 0
        self._runner = web.AppRunner(
            application, access_log=None, shutdown_timeout=shutdown_s, handler_cancellation=handler_cancellation
        )
        self._tls = tls
        self._listening: socket.socket | None = None
        self._site: web.SockSite | None = None

    @property
    def address(self) -> str:
        """Host and port, as a URL has them."""
        return f"127.0.0.1:{self.port}"

    async def listen(self, port: int = 0, *, segment_bytes: int | None = None) -> None:
        """Take connections; at the port of before if there was one, and `port` is 0.

        `segment_bytes` is the most that a TCP segment carries, as on a path with a smaller MTU than loopback's.
        """
        if self._listening is not None:
            return
        if self._runner.server is None:
            await self._runner.setup()
        self._listening = listening = socket.create_server(("127.0.0.1", port or self.port))
        if segment_bytes is not None:
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, segment_bytes)
        self.port = listening.getsockname()[1]
        self._site = web.SockSite(self._runner, listening, ssl_context=self._tls)
        await self._site.start()

    async def stop_listening(self) -> None:
        """Refuse connections as a dead host does; those that are open stay."""
        if self._listening is not None and self._site is not None:
            await take_no_more(self._listening.fileno())
            await self._site.stop()
            self._listening = self._site = None

    async def close(self) -> None:
        """Stop listening, let handlers end, and end every connection that is left, whether its client reads or not."""
        await self.stop_listening()
        server = self._runner.server
        transports = [] if server is None else [handler.transport for handler in server.connections]
        await self._runner.cleanup()
        for transport in transports:
            if transport is not None:
                transport.abort()
        # The loop releases a socket one turn after its transport has ended.
        await asyncio.sleep(0)
