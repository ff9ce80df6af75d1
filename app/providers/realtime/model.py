"""Speech to speech by the Realtime protocol: the port's `RealtimeModel`, one for each process."""

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout, ClientWebSocketResponse, ClientWSTimeout, TCPConnector
from aiohttp import WSServerHandshakeError as HandshakeError

from actors.errors import ErrorKind, RealtimeError
from actors.ports import realtime as port
from actors.ports import realtime_events as reported
from actors.runtime.session_trace import Peer, trace_headers
from app.providers.azure.identity import Identity, NoTokenError, Purpose
from app.providers.realtime.connection import MAX_MESSAGE_BYTES, RealtimeSocket
from app.providers.realtime.expected_connections import ExpectedConnections
from app.providers.realtime.resource import SCOPE, RealtimeResource
from app.providers.realtime.session import LiveRealtimeSession
from app.providers.retry_after import retry_after_s

CONNECT_TIMEOUT_S = 5.0
HEARTBEAT_S = 10.0
"""Seconds between pings; a connection that does not answer one within half of that is broken."""
CHECKED_S = 60.0
"""Seconds for which the result of a check counts, since a connection costs the service more than a plain HTTP
request."""
_KINDS = {
    401: ErrorKind.AUTHENTICATION,
    403: ErrorKind.AUTHENTICATION,
    404: ErrorKind.BAD_REQUEST,
    408: ErrorKind.TIMEOUT,
    429: ErrorKind.THROTTLED,
}


class RealtimeService:
    """A `RealtimeModel` that is a service. Belongs to the loop on which its first session is opened."""

    def __init__(self, resource: RealtimeResource, identity: Identity | None = None) -> None:
        self._resource = resource
        self.peer = Peer(resource.label, urlsplit(resource.address).hostname or "")
        self._identity = identity
        if identity is None and resource.key is None and resource.identity:
            self._identity = Identity(purpose=Purpose(resource.label, SCOPE, resource.key_variable))
        self._http: ClientSession | None = None
        self._checked: str | RealtimeError | None = None
        self._checked_at = 0.0
        self._expected = ExpectedConnections(lambda: self._connected(resource.model))

    @property
    def abilities(self) -> port.RealtimeAbilities:
        """What the service that is configured can do, so that rules need not know its name."""
        return self._resource.abilities

    async def open(
        self, options: port.RealtimeOptions, report: Callable[[reported.RealtimeEvent], None]
    ) -> LiveRealtimeSession:
        """Connect, within the time limit, and send the settings; see `RealtimeModel.open` for its errors."""
        ahead = await self._expected.take(options.session_id) if not options.model else None
        socket, first_words = ahead or (await self._connected(options.model or self._resource.model), ())
        self._checked, self._checked_at = f"{self._resource.label} answers", asyncio.get_running_loop().time()
        return LiveRealtimeSession(socket, self._resource, options, report, first_words)

    def expect(self, session_id: str) -> None:
        """Connect ahead for a session of this id: see `ExpectsSessions`."""
        self._expected.expect(session_id)

    def forget(self, session_id: str) -> None:
        """Close what was connected ahead: see `ExpectsSessions`."""
        self._expected.forget(session_id)

    async def ready(self) -> str:
        """Whether the service takes our connections; what it is, for people. Asked anew once in `CHECKED_S`.

        Raises:
            RealtimeError: it does not.
        """
        loop = asyncio.get_running_loop()
        if self._checked is None or loop.time() - self._checked_at > CHECKED_S:
            self._checked_at = loop.time()
            self._checked = await self._check()
        if isinstance(self._checked, RealtimeError):
            raise RealtimeError(self._checked.kind, self._checked.detail)
        return self._checked

    async def _check(self) -> str | RealtimeError:
        """Make a connection and close it, before anything is asked of it."""
        try:
            socket = await self._connected(self._resource.model)
        except RealtimeError as error:
            return error
        await socket.close()
        return f"{self._resource.label} answers"

    async def close(self) -> None:
        """Close the HTTP connections that sessions share. Sessions are closed by who opened them."""
        await self._expected.close()
        if self._http is not None:
            await self._http.close()
        if self._identity is not None:
            await self._identity.close()

    async def _connected(self, model: str) -> ClientWebSocketResponse:
        """A connection, within the time limit; see `RealtimeModel.open` for its errors."""
        if not model:
            raise RealtimeError(ErrorKind.BAD_REQUEST, f"no model is named: set {self._resource.model_variable}")
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                return await self._connect(model)
        except HandshakeError as error:
            raise self._refused(error, model) from None
        except TimeoutError:
            detail = f"{self._resource.label}: no connection within {CONNECT_TIMEOUT_S:.0f} s"
            raise RealtimeError(ErrorKind.TIMEOUT, detail) from None
        except (ClientError, OSError) as error:
            detail = f"{self._resource.label}: no connection ({type(error).__name__})"
            raise RealtimeError(ErrorKind.UNAVAILABLE, detail) from None
        except NoTokenError as none:
            raise RealtimeError(none.failure.kind, none.failure.detail) from None

    async def _connect(self, model: str) -> ClientWebSocketResponse:
        headers = self._resource.key_headers() | trace_headers()
        if self._identity is not None:
            headers["Authorization"] = f"Bearer {await self._identity.token()}"
        if self._http is None:
            # Each conversation has a connection of its own for as long as it lasts.
            self._http = ClientSession(
                timeout=ClientTimeout(total=None), connector=TCPConnector(limit=0), ws_response_class=RealtimeSocket
            )
        return await self._http.ws_connect(
            self._resource.address,
            params={**self._resource.query, "model": model},
            headers=headers,
            heartbeat=HEARTBEAT_S,
            max_msg_size=MAX_MESSAGE_BYTES,
            timeout=ClientWSTimeout(ws_close=0.5),
        )

    def _refused(self, error: HandshakeError, model: str) -> RealtimeError:
        resource, status = self._resource, error.status
        kind = _KINDS.get(status, ErrorKind.BAD_REQUEST if 400 <= status < 500 else ErrorKind.UNAVAILABLE)
        detail = f"status {status}"
        if kind is ErrorKind.AUTHENTICATION:
            if self._identity is not None:
                self._identity.doubt()
            detail = f"refuses us ({status}): check {resource.proof}"
        elif status == 404:
            detail = f"there is no such service or model (404): check its address and {resource.model_variable}"
        return RealtimeError(kind, f"{resource.label}: {detail}", retry_after_s=retry_after_s(error.headers or {}))
