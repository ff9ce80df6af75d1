"""Open connections on which no request is being answered: for how long, and how many of one client and of all.

A connection costs a file descriptor, a task and some 30 kB, and takes nothing but a packet to open. One whose client
has not sent a whole request head within `FIRST_REQUEST_S` is closed, and so are, of more than a client or a worker may
have, those that have waited for longest. Nobody who connects is turned away: whoever opens too many loses their own.

What is being answered is not counted, nor is an open WebSocket. ASGI tells of both by the peer's address and port,
which name one connection for as long as it is open.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, cast

from opentelemetry import metrics
from starlette.types import ASGIApp, Receive, Scope, Send

from app.limits.client_address import Network, client_address, is_within

log = logging.getLogger(__name__)

FIRST_REQUEST_S = 10.0
"""Seconds from the opening of a connection to the complete head of its first request. Trusted proxies have no such
limit, since some of them open connections in advance."""
MOST_WAITING = 1_000
"""The most connections of a worker on which no request is being answered, those of trusted proxies included."""
MOST_LOST = 1_000
"""The most ended connections that are remembered as such."""
LOGGED_EVERY_S = 60.0
ANSWERED_S = 0.2
"""Seconds for sending an answer, after which a worker that ends closes the connection."""

_closed = metrics.get_meter("earshot").create_counter(
    "earshot.connections.closed", description="Connections without a request that were closed, by reason"
)

Peer = tuple[str, int]


class _Connection:
    """One open connection. `client` is empty for one that counts against the limit of the worker only."""

    __slots__ = ("client", "requests", "timer", "transport")

    def __init__(self, transport: asyncio.Transport, client: str) -> None:
        self.transport = transport
        self.client = client
        self.requests = 0
        self.timer: asyncio.TimerHandle | None = None


class Connections:
    """The connections of one worker; use it on the event loop's thread. `most_of_client` of 0: no limit."""

    def __init__(
        self,
        most_of_client: int,
        trusted_proxies: Sequence[Network],
        *,
        most: int = MOST_WAITING,
        first_request_s: float = FIRST_REQUEST_S,
    ) -> None:
        self._most_of_client = most_of_client
        self._most = most
        self._first_request_s = first_request_s
        self._trusted = trusted_proxies
        self._open: dict[Peer, _Connection] = {}
        # In the order in which they began to wait.
        self._waiting: dict[Peer, None] = {}
        self._waiting_of_client: defaultdict[str, dict[Peer, None]] = defaultdict(dict)
        self._lost: dict[Peer, None] = {}
        self._logged_at: dict[str, float] = {}
        self._is_ending = False

    def end(self) -> None:
        """Close the connections on which nothing is being answered, at once and as soon as they come to that: what
        their clients want next is to come to another worker.
        """
        self._is_ending = True
        for peer in tuple(self._waiting):
            self._close(peer, "the worker ends")

    def opened(self, transport: asyncio.Transport) -> Peer | None:
        """Count a connection that was opened; returns its peer, or None if it is over already and has none."""
        peer = peer_of(transport.get_extra_info("peername"))
        if peer is None:
            return None
        is_proxy = is_within(peer[0], self._trusted)
        connection = _Connection(transport, "" if is_proxy else client_address(peer[0], (), ()))
        self._open[peer] = connection
        self._lost.pop(peer, None)
        if not is_proxy:
            loop = asyncio.get_running_loop()
            connection.timer = loop.call_later(self._first_request_s, self._close, peer, "no request")
        self._wait(peer, connection)
        return peer

    def closed(self, peer: Peer) -> None:
        """Count a connection that has ended no longer."""
        connection = self._open.pop(peer, None)
        if connection is not None:
            _cancel(connection)
            self._wait_no_longer(peer, connection)
            self._lost[peer] = None
            if len(self._lost) > MOST_LOST:
                del self._lost[next(iter(self._lost))]

    def is_lost(self, peer: Peer | None) -> bool:
        """Whether a connection has ended, and not long before MOST_LOST others."""
        return peer in self._lost

    def request_began(self, peer: Peer | None) -> None:
        """Note that a request or a WebSocket's handshake has come; a connection that is not counted is ignored."""
        connection = self._open.get(peer) if peer is not None else None
        if peer is None or connection is None:
            return
        connection.requests += 1
        _cancel(connection)
        self._wait_no_longer(peer, connection)

    def request_ended(self, peer: Peer | None) -> None:
        """Note that what `request_began` told of is over; the connection may be used for another one."""
        connection = self._open.get(peer) if peer is not None else None
        if peer is None or connection is None:
            return
        # Of HTTP/2 one connection has many requests at a time.
        connection.requests -= 1
        if connection.requests == 0:
            self._wait(peer, connection)

    def _wait(self, peer: Peer, connection: _Connection) -> None:
        self._waiting[peer] = None
        if self._is_ending:
            _cancel(connection)
            connection.timer = asyncio.get_running_loop().call_later(ANSWERED_S, self._close, peer, "the worker ends")
        if connection.client:
            of_client = self._waiting_of_client[connection.client]
            of_client[peer] = None
            if 0 < self._most_of_client < len(of_client):
                self._close(next(iter(of_client)), "too many of one client")
        if len(self._waiting) > self._most:
            self._close(next(iter(self._waiting)), "too many")

    def _wait_no_longer(self, peer: Peer, connection: _Connection) -> None:
        self._waiting.pop(peer, None)
        of_client = self._waiting_of_client.get(connection.client)
        if of_client is not None:
            of_client.pop(peer, None)
            if not of_client:
                del self._waiting_of_client[connection.client]

    def _close(self, peer: Peer, reason: str) -> None:
        connection = self._open[peer]
        self.closed(peer)
        # What a client does not take would keep a connection open that is closed politely.
        if connection.transport.get_write_buffer_size():
            connection.transport.abort()
        else:
            connection.transport.close()
        _closed.add(1, {"reason": reason})
        now = asyncio.get_running_loop().time()
        if now - self._logged_at.get(reason, -LOGGED_EVERY_S) >= LOGGED_EVERY_S:
            self._logged_at[reason] = now
            log.info("connections without a request are closed: %s", reason)


def _cancel(connection: _Connection) -> None:
    if connection.timer is not None:
        connection.timer.cancel()
        connection.timer = None


def peer_of(address: Any) -> Peer | None:
    """The other side's address and port, as a transport or an ASGI scope has them; None if it has neither."""
    return (str(address[0]), int(address[1])) if isinstance(address, tuple | list) and len(address) > 1 else None


class CountedConnection(asyncio.Protocol):
    """Stands between a transport and the server's protocol for it, to tell `Connections` of its beginning and end."""

    __slots__ = ("_connections", "_peer", "_server")

    def __init__(self, server: asyncio.Protocol, connections: Connections) -> None:
        self._server = server
        self._connections = connections
        self._peer: Peer | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hand the transport to the server, and count the connection."""
        self._server.connection_made(transport)
        self._peer = self._connections.opened(cast(asyncio.Transport, transport))

    def connection_lost(self, exc: Exception | None) -> None:
        """Count the connection no longer, and tell the server that it has ended."""
        if self._peer is not None:
            self._connections.closed(self._peer)
        self._server.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Pass on what the client has sent."""
        self._server.data_received(data)

    def eof_received(self) -> bool | None:
        """Pass on that the client sends no more; whether the server may still."""
        return self._server.eof_received()

    def pause_writing(self) -> None:
        """Pass on that the client reads too slowly."""
        self._server.pause_writing()

    def resume_writing(self) -> None:
        """Pass on that the client has caught up."""
        self._server.resume_writing()


class AnsweredRequests:
    """ASGI middleware, the outermost, that tells `Connections` on which of them something is being answered.

    Requests that a client has sent ahead, thousands of them, are not answered once its connection is lost. The server
    below would go through all of them, for seconds, with an answer to nobody each.
    """

    def __init__(self, app: ASGIApp, connections: Connections) -> None:
        self._app = app
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and count its connection again when it is over."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        peer = peer_of(scope.get("client"))
        if scope["type"] == "http" and self._connections.is_lost(peer):
            await send({"type": "http.response.start", "status": 408, "headers": [(b"connection", b"close")]})
            await send({"type": "http.response.body", "body": b""})
            return
        self._connections.request_began(peer)
        try:
            await self._app(scope, receive, send)
        finally:
            self._connections.request_ended(peer)


def counted(factory: Callable[[], asyncio.Protocol], connections: Connections) -> Callable[[], asyncio.Protocol]:
    """A factory of the same protocols whose connections are counted."""
    return lambda: CountedConnection(factory(), connections)
