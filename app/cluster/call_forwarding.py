"""What concerns a telephone call reaches the worker that has it, whichever worker the connection came to.

Requests, those of the telephone network and those of operators, are passed on and answered by the call's worker. A
media socket is answered here, and the call moves to it. It stands behind `AccessGuard`; the other worker holds a
request that is passed on to its own guard again.
"""

import asyncio
import logging
import re
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import msgspec
from opentelemetry import metrics
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from actors.errors import StoreError
from app.api.problems import ProblemError, on_problem
from app.api.requests import body_of
from app.auth.refusals import HandshakeDeniedError, deny
from app.cluster.cluster import Cluster
from app.cluster.worker_requests import WorkerSilentError
from app.server.asgi_relay import RELAYED, relayed_scope, scope_of

log = logging.getLogger(__name__)

FORWARD = "request"
ANSWER_S = 12.0
"""A request that is passed on may take as long as the slowest of them: to hang up, or to put a caller through."""
BODY_BYTES = 262_144
RETRY_AFTER = {"Retry-After": "1"}

_CALLBACK = re.compile(r"/api/v1/calls/callbacks/([^/]+)")
_MEDIA = re.compile(r"/api/v1/media/stream/([^/]+)")
_CALL = re.compile(r"/api/v1/calls/([^/]+)(?:/(?:transfer|hold|unhold))?")
_TERMINATE = "/api/v1/calls/terminate"
_INITIATE = "/api/v1/calls/initiate"
_NO_CALLS = ("answer", "callbacks", "initiate", "terminate")

_forwarded = metrics.get_meter("earshot").create_counter(
    "earshot.calls.forwarded", description="Requests about calls that another worker answered, by outcome"
)


class Forwarded(msgspec.Struct, frozen=True):
    """A request that is passed on whole."""

    scope: dict[str, Any]
    body: bytes


class Reply(msgspec.Struct, frozen=True):
    """The whole answer to a request that was passed on."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class _Named(msgspec.Struct, frozen=True):
    """The field of a body that names a call."""

    call_id: str = ""


class CallForwarding:
    """ASGI middleware that has the worker of a call answer what concerns it."""

    def __init__(self, app: ASGIApp, cluster: Cluster) -> None:
        self._app = app
        self._cluster = cluster

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer here, or have the worker that has the call answer."""
        if not self._cluster.is_running or scope.get(RELAYED) or scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await self._request(scope, receive, send)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        named = _MEDIA.fullmatch(scope["path"])
        if named is not None:
            refusal = ""
            try:
                if not await self._cluster.require_call(unquote(named[1])):
                    refusal = "this worker ends, or another one has to have the socket"
            except StoreError as error:
                log.warning("a media socket is refused, since its call may be another worker's: %s", error)
                refusal = "it cannot be found out which worker has the call"
            if refusal:
                _forwarded.add(1, {"outcome": "refused"})
                await receive()
                await deny(scope, send, HandshakeDeniedError(503, refusal))
                return
        await self._app(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, body = scope["path"], None
        named = _CALLBACK.fullmatch(path)
        secret = unquote(named[1]) if named else ""
        call_id = ""
        try:
            if path == _TERMINATE:
                body = await body_of(Request(scope, receive), BODY_BYTES)
                call_id = _call_id_in(body)
            elif not secret and (about := _CALL.fullmatch(path)) and about[1] not in _NO_CALLS:
                call_id = unquote(about[1])
            if path == _INITIATE:
                owner = self._cluster.worker_with_room()
            else:
                owner = await self._owner(secret, call_id)
            if owner:
                body = body if body is not None else await body_of(Request(scope, receive), BODY_BYTES)
                await pass_on(self._cluster, owner, scope, body, send, "call")
                _forwarded.add(1, {"outcome": "answered"})
                return
        except ProblemError as problem:
            _forwarded.add(1, {"outcome": "refused"})
            await (await on_problem(Request(scope), problem))(scope, receive, send)
            return
        await self._app(scope, receive if body is None else _replayed(body, receive), send)

    async def _owner(self, secret: str, call_id: str) -> str:
        """The worker that has the call; empty if this one has, or nobody, or no call is named.

        Raises:
            ProblemError: it cannot be found out.
        """
        if not secret and not call_id:
            return ""
        try:
            return await self._cluster.owner_of_call(secret, call_id)
        except StoreError as error:
            log.warning("a request is refused, since its call may be another worker's: %s", error)
            reason = "it cannot be found out which worker has the call"
            raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, reason, headers=RETRY_AFTER) from None


async def pass_on(cluster: Cluster, owner: str, scope: Scope, body: bytes, send: Send, about: str) -> None:
    """Answer a request with what the worker `owner` answers to it; `about` is what that one has.

    Raises:
        ProblemError: it does not answer.
    """
    asked = msgspec.msgpack.encode(Forwarded(relayed_scope(scope), body))
    try:
        answer = await cluster.requests.ask(owner, FORWARD, asked, ANSWER_S)
        reply = msgspec.msgpack.decode(answer, type=Reply)
    except (WorkerSilentError, msgspec.MsgspecError) as error:
        log.warning("a request about a %s cannot be passed on: %s", about, error)
        reason = f"the worker that has the {about} does not answer"
        raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, reason, headers=RETRY_AFTER) from None
    await send({"type": "http.response.start", "status": reply.status, "headers": reply.headers})
    await send({"type": "http.response.body", "body": reply.body})


def _call_id_in(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_Named).call_id
    except (msgspec.MsgspecError, RecursionError):
        return ""  # the route says what is wrong with it


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives a body that was read already."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def answered(app: ASGIApp, payload: bytes) -> bytes:
    """Have `app` answer a request that another worker has passed on; the whole answer."""
    asked = msgspec.msgpack.decode(payload, type=Forwarded)
    status, headers, body = 500, list[tuple[bytes, bytes]](), bytearray()

    async def gone() -> Message:
        await asyncio.sleep(ANSWER_S)
        return {"type": "http.disconnect"}

    async def send(event: Message) -> None:
        nonlocal status, headers
        if event["type"] == "http.response.start":
            status, headers = event["status"], [(bytes(name), bytes(value)) for name, value in event["headers"]]
        else:
            body.extend(event.get("body", b""))

    await app({**scope_of(asked.scope), RELAYED: True}, _replayed(asked.body, gone), send)
    return msgspec.msgpack.encode(Reply(status, headers, bytes(body)))
