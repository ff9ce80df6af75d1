"""Has each request and media socket of a telephone call answered by the worker that has the call.

Requests, those of the telephone network and those of operators, are passed on and answered by the call's worker. A
media socket is answered here, and the call moves to it. The middleware stands behind `AccessGuard`; the other
worker has its own guard check a request that is passed on.
"""

import logging
import re
from collections.abc import Awaitable

import msgspec
from opentelemetry import metrics
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from actors.errors import StoreError
from app.api.problems import ProblemError
from app.api.requests import body_of
from app.auth.refusals import HandshakeDeniedError, deny
from app.cluster.cluster import Cluster
from app.cluster.request_passing import BODY_BYTES, RequestPassing, replayed
from app.server.asgi_relay import RELAYED

log = logging.getLogger(__name__)

_CALLBACK = re.compile(r"/api/v1/calls/callbacks/([^/]+)")
_MEDIA = re.compile(r"/api/v1/media/stream/([^/]+)")
_CALL = re.compile(r"/api/v1/calls/([^/]+)(?:/(?:transfer|hold|unhold))?")
_TERMINATE = "/api/v1/calls/terminate"
_INITIATE = "/api/v1/calls/initiate"
_NO_CALLS = ("answer", "callbacks", "initiate", "terminate")

_forwarded = metrics.get_meter("earshot").create_counter(
    "earshot.calls.forwarded", description="Requests about calls that another worker answered, by outcome"
)


class _Named(msgspec.Struct, frozen=True):
    """The field of a body that names a call."""

    call_id: str = ""


class CallForwarding:
    """ASGI middleware that has the worker of a call answer what concerns it."""

    def __init__(self, app: ASGIApp, cluster: Cluster) -> None:
        self._app = app
        self._cluster = cluster
        self._passing = RequestPassing(cluster, "call", _forwarded)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer a request here, or have the worker that has the call answer it."""
        if not self._cluster.is_running or scope.get(RELAYED) or scope["type"] not in ("http", "websocket"):
            return self._app(scope, receive, send)
        if scope["type"] == "websocket":
            return self._socket(scope, receive, send)
        return self._request(scope, receive, send)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        named = _MEDIA.fullmatch(scope["path"])
        if named is not None:
            refusal = ""
            try:
                if not await self._cluster.require_call(named[1]):
                    refusal = "this worker ends, or another one has to have the socket"
            except StoreError as error:
                log.warning("a media socket is refused, since its call may be another worker's: %s", error)
                refusal = self._passing.unknown_owner().detail
            if refusal:
                _forwarded.add(1, {"outcome": "refused"})
                await receive()
                await deny(scope, send, HandshakeDeniedError(503, refusal))
                return
        await self._app(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, body = scope["path"], None
        named = _CALLBACK.fullmatch(path)
        secret = named[1] if named else ""
        call_id = ""
        try:
            if path == _TERMINATE:
                body = await body_of(Request(scope, receive), BODY_BYTES)
                call_id = _call_id_in(body)
            elif not secret and (about := _CALL.fullmatch(path)) and about[1] not in _NO_CALLS:
                call_id = about[1]
            if path == _INITIATE:
                owner = self._cluster.worker_with_room()
            else:
                owner = await self._owner(secret, call_id)
            if owner:
                body = body if body is not None else await body_of(Request(scope, receive), BODY_BYTES)
                await self._passing.pass_on(owner, scope, body, send)
                return
        except ProblemError as problem:
            await self._passing.refuse(problem, scope, receive, send)
            return
        await self._app(scope, receive if body is None else replayed(body, receive), send)

    async def _owner(self, secret: str, call_id: str) -> str:
        """The id of the worker that has the call; empty if it is this one, if no worker has it, or if no call is named.

        Raises:
            ProblemError: it cannot be found out.
        """
        if not secret and not call_id:
            return ""
        try:
            return await self._cluster.owner_of_call(secret, call_id)
        except StoreError as error:
            log.warning("a request is refused, since its call may be another worker's: %s", error)
            raise self._passing.unknown_owner() from None


def _call_id_in(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_Named).call_id
    except (msgspec.MsgspecError, RecursionError):
        return ""  # A body that cannot be decoded goes to the route, which answers with what is wrong with it.
