"""Passes whole requests on to the worker that can answer them, and whole responses back."""

import asyncio
import logging
from http import HTTPStatus
from typing import Any

import msgspec
from opentelemetry.metrics import Counter
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import ProblemError, on_problem
from app.cluster.cluster import Cluster
from app.cluster.worker_requests import WorkerSilentError
from app.server.asgi_relay import RELAYED, relayed_scope, scope_of

log = logging.getLogger(__name__)

FORWARD = "request"
"""The topic on which requests are passed on."""
ANSWER_S = 12.0
"""Seconds for the answer to a request that is passed on: as long as the slowest take, to hang up or to transfer
a call."""
BODY_BYTES = 262_144
"""The most bytes of the body of a request that is passed on."""
RETRY_AFTER = {"Retry-After": "1"}


class Forwarded(msgspec.Struct, frozen=True):
    """A request as it is passed on to another worker: its whole body, and what `relayed_scope` keeps of its scope."""

    scope: dict[str, Any]
    body: bytes


class PassedResponse(msgspec.Struct, frozen=True):
    """The whole answer to a request that was passed on."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class RequestPassing:
    """Has other workers answer requests about what is theirs, and counts what comes of it.

    Args:
        cluster: knows the other workers.
        about: what they have: "call" or "session".
        outcomes: counts requests by `outcome`: answered or refused.
    """

    def __init__(self, cluster: Cluster, about: str, outcomes: Counter) -> None:
        self._cluster = cluster
        self._about = about
        self._outcomes = outcomes

    async def pass_on(self, owner: str, scope: Scope, body: bytes, send: Send) -> None:
        """Answer a request with what the worker `owner` answers to it.

        Raises:
            ProblemError: it does not answer.
        """
        await self.answer_with(await self.ask(owner, scope, body), send)

    async def ask(self, owner: str, scope: Scope, body: bytes) -> PassedResponse:
        """Pass a request on to the worker `owner` and return its response.

        Raises:
            ProblemError: it does not answer.
        """
        asked = msgspec.msgpack.encode(Forwarded(relayed_scope(scope), body))
        try:
            answer = await self._cluster.requests.ask(owner, FORWARD, asked, ANSWER_S)
            return msgspec.msgpack.decode(answer, type=PassedResponse)
        except (WorkerSilentError, msgspec.MsgspecError) as error:
            log.warning("a request about a %s cannot be passed on: %s", self._about, error)
            raise _unavailable(f"the worker that has the {self._about} does not answer") from None

    async def answer_with(self, reply: PassedResponse, send: Send) -> None:
        """Answer a request with what another worker has answered."""
        await send({"type": "http.response.start", "status": reply.status, "headers": reply.headers})
        await send({"type": "http.response.body", "body": reply.body})
        self.count_answered()

    def count_answered(self) -> None:
        """Count a request that another worker has answered."""
        self._outcomes.add(1, {"outcome": "answered"})

    async def refuse(self, problem: ProblemError, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that cannot be passed on with the reason."""
        self._outcomes.add(1, {"outcome": "refused"})
        await (await on_problem(Request(scope), problem))(scope, receive, send)

    def unknown_owner(self) -> ProblemError:
        """The problem for a request whose worker cannot be found out."""
        return _unavailable(f"it cannot be found out which worker has the {self._about}")


def _unavailable(reason: str) -> ProblemError:
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, reason, headers=RETRY_AFTER)


def replayed(body: bytes, receive: Receive) -> Receive:
    """An ASGI `receive` that gives `body`, which was read already, and then goes on with `receive`."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def answered(app: ASGIApp, payload: bytes) -> bytes:
    """Run `app` on a request that another worker has passed on, and return its whole response."""
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

    await app({**scope_of(asked.scope), RELAYED: True}, replayed(asked.body, gone), send)
    return msgspec.msgpack.encode(PassedResponse(status, headers, bytes(body)))
