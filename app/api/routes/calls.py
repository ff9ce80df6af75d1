"""Routes for telephone calls: to place, list, end, transfer and hold them."""

import asyncio
import logging
import math
from collections.abc import Sequence
from http import HTTPStatus
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actors.agent import Agent
from actors.errors import StoreError
from actors.ports.call_controls import CallError, CallTrouble
from actors.ports.clock import Clock
from actors.rules.agent_language import matching
from app.agents.roster import AgentRoster
from app.api.problems import ProblemError
from app.api.requests import asked_of, invalid
from app.api.responses import json_response
from app.auth.socket_auth import SESSION_ID_FORM, usable_session_id
from app.cluster.cluster import Cluster
from app.limits.client_limits import Rate
from app.limits.clients import Clients
from app.sessions.modes import Modes
from app.telephony.call import Call
from app.telephony.call_orders import CallOrders
from app.telephony.errors import CallControlError, NoCapacityError, NotConfiguredError, Trouble
from app.telephony.new_calls import NewCalls
from app.telephony.switchboard import Switchboard
from protocol.browser import timestamp
from protocol.calls import (
    CallList,
    CallsQuery,
    CallStatus,
    HeldCall,
    InitiateCall,
    InitiatedCall,
    TerminateCall,
    TerminatedCall,
    TransferCall,
    TransferringCall,
)
from protocol.problems import FieldError
from protocol.request_decoding import RequestError, decode_query

T = TypeVar("T")

log = logging.getLogger(__name__)

RETRY_AFTER = {"Retry-After": "5"}
HANG_UP_S = 8.0
"""Seconds within which a request to end a call is answered, whether or not the network has hung up."""


CALLS = "calls"
"""The request by which workers ask each other for their newest calls."""


class _Calls(msgspec.Struct, frozen=True):
    """The newest calls of one worker, each with the time at which it began, and the number of all of its calls."""

    calls: list[tuple[float, CallStatus]]
    total: int


class CallRoutes:
    """Serves `/calls`, for operators only, since calls cost money and show telephone numbers.

    `languages` are those of all agents; empty if each agent has its own.
    """

    def __init__(
        self,
        *,
        clients: Clients,
        clock: Clock,
        agents: AgentRoster,
        modes: Modes,
        new_calls: NewCalls,
        switchboard: Switchboard,
        cluster: Cluster,
        languages: Sequence[str] = (),
    ) -> None:
        self._languages = languages
        self._clients = clients
        self._clock = clock
        self._agents = agents
        self._modes = modes
        self._new_calls = new_calls
        self._switchboard = switchboard
        self._cluster = cluster
        cluster.on(CALLS, self._told)

    def routes(self) -> list[Route]:
        """Return the routes below `/calls` that operators use."""
        return [
            Route("/calls/initiate", self.initiate, methods=["POST"]),
            Route("/calls/terminate", self.terminate, methods=["POST"]),
            Route("/calls", self.all),
            Route("/calls/{call_id}", self.one),
            Route("/calls/{call_id}", self.end, methods=["DELETE"]),
            Route("/calls/{call_id}/transfer", self.transfer, methods=["POST"]),
            Route("/calls/{call_id}/hold", self.hold, methods=["POST"]),
            Route("/calls/{call_id}/unhold", self.unhold, methods=["POST"]),
        ]

    async def initiate(self, request: Request) -> Response:
        """Place a call to a telephone number, and return its ids before it is picked up."""
        self._clients.require(self._clients.of(request.scope), Rate.REQUESTS)
        asked = await asked_of(request, InitiateCall)
        agent, mode = self._agent(asked.agent), self._mode(asked.streaming_mode)
        if not usable_session_id(asked.browser_session_id or ""):
            raise _invalid("context.browser_session_id", SESSION_ID_FORM, "pattern")
        asked = msgspec.structs.replace(asked, language=self._language(asked.language, agent))
        try:
            call = await self._new_calls.place(asked, agent, mode)
        except (NotConfiguredError, NoCapacityError, CallControlError) as error:
            raise not_taken(error) from None
        return json_response(
            InitiatedCall(
                call_id=call.call_id,
                target_number=asked.target_number,
                message="the call is being placed",
                session_id=call.session_id,
                streaming_mode=mode,
                initiated_at=timestamp(call.created_at),
            )
        )

    def _agent(self, name: str | None) -> Agent:
        agent = self._agents.get(name or self._agents.default_name)
        if agent is None:
            raise _invalid("agent", f"expected one of {', '.join(sorted(self._agents))}")
        return agent

    def _language(self, wanted: str | None, agent: Agent) -> str:
        """Return the one of the agent's languages that `wanted` names; empty if it names none."""
        languages = self._languages or agent.languages
        found = matching(wanted or "", languages)
        if wanted and not found:
            raise _invalid("language", f"expected one of {', '.join(languages)}")
        return found

    def _mode(self, name: str | None) -> str:
        try:
            return self._modes.usable_mode(name or "")
        except ValueError as error:
            raise _invalid("streaming_mode", str(error)) from None

    async def all(self, request: Request) -> Response:
        """Return a page of the calls of all workers, newest first."""
        try:
            query = decode_query(request.query_params)
        except RequestError as error:
            raise invalid(error) from None
        others, missing = await self._of_others(query)
        told = [self._newest(query), *others]
        calls = sorted((call for each in told for call in each.calls), key=lambda call: call[0], reverse=True)
        first = (query.page - 1) * query.limit
        page = tuple(status for _, status in calls[first : first + query.limit])
        total = sum(each.total for each in told)
        return json_response(
            CallList(calls=page, total=total, page=query.page, limit=query.limit, missing=missing or msgspec.UNSET)
        )

    def _newest(self, query: CallsQuery) -> _Calls:
        """Return the calls of this worker that may be on the page, each with the time at which it began."""
        calls, total = self._switchboard.log.page(
            msgspec.structs.replace(query, page=1, limit=query.page * query.limit)
        )
        now = self._clock.wall()
        return _Calls([(call.created_at, call.status(now)) for call in calls], total)

    async def _told(self, payload: bytes) -> bytes:
        return msgspec.json.encode(self._newest(msgspec.json.decode(payload, type=CallsQuery)))

    async def _of_others(self, query: CallsQuery) -> tuple[list[_Calls], str]:
        """Return the newest calls of each other worker, and in words which are missing; empty if none is."""
        try:
            answers, silent = await self._cluster.gather(CALLS, msgspec.json.encode(query))
        except StoreError as error:
            log.warning("the calls of this worker only are shown: %s", error)
            return [], "the calls of other workers: it cannot be found out which there are"
        if silent:
            log.warning("calls are shown without those of workers that do not answer", extra={"workers": silent})
        told = [msgspec.json.decode(answer, type=_Calls) for answer in answers]
        return told, f"the calls of workers that do not answer: {silent}" if silent else ""

    async def one(self, request: Request) -> Response:
        """Return the state of one call by its id, or 404."""
        return json_response(self._call(request.path_params["call_id"]).status(self._clock.wall()))

    async def terminate(self, request: Request) -> Response:
        """Hang up the call whose id is in the body, as clients of the existing backend ask for it."""
        asked = await asked_of(request, TerminateCall)
        return await self._terminated(self._call(asked.call_id))

    async def end(self, request: Request) -> Response:
        """Hang up the call whose id is in the path."""
        return await self._terminated(self._call(request.path_params["call_id"]))

    async def _terminated(self, call: Call) -> Response:
        if call.over.is_set():
            return json_response(TerminatedCall(call.call_id, "the call was over"))
        self._switchboard.hang_up(call)
        try:
            async with asyncio.timeout(HANG_UP_S):
                await call.over.wait()
        except TimeoutError:
            refusal = call.hang_up_order.refusal
            if refusal is not None and refusal.trouble is Trouble.UNAUTHORIZED:
                raise not_taken(refusal) from None
            raise ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "the telephone network has not hung up yet; it is asked again for a minute"
                + (f" ({refusal.detail})" if refusal is not None else ""),
                headers=retry_after(refusal.retry_after_s if refusal is not None else None),
            ) from None
        return json_response(TerminatedCall(call.call_id, "the call was hung up"))

    async def transfer(self, request: Request) -> Response:
        """Transfer the caller; the outcome is in the events of the call."""
        call = self._call(request.path_params["call_id"])
        asked = await asked_of(request, TransferCall)
        try:
            await CallOrders(self._switchboard, call).begin_transfer(asked.target)
        except CallError as error:
            raise _refused(error) from None
        return json_response(TransferringCall(call.call_id))

    async def hold(self, request: Request) -> Response:
        """Put the caller on hold; answered once they are."""
        return await self._held(request, holds=True)

    async def unhold(self, request: Request) -> Response:
        """Take the caller off hold; answered once they are."""
        return await self._held(request, holds=False)

    async def _held(self, request: Request, *, holds: bool) -> Response:
        call = self._call(request.path_params["call_id"])
        orders = CallOrders(self._switchboard, call)
        try:
            await (orders.hold() if holds else orders.unhold())
        except CallError as error:
            raise _refused(error) from None
        return json_response(HeldCall(call.call_id, "on_hold" if holds else "connected"))

    def _call(self, call_id: str) -> Call:
        call = self._switchboard.log.of_id(call_id)
        if call is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, "there is no call of that id")
        return call


def not_taken(error: NotConfiguredError | NoCapacityError | CallControlError) -> ProblemError:
    """Return the problem for a call that could not be placed."""
    match error:
        case NotConfiguredError():
            return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        case NoCapacityError():
            return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, str(error), headers=RETRY_AFTER)
        case CallControlError(trouble=Trouble.REJECTED | Trouble.CONFLICT | Trouble.NOT_FOUND):
            return ProblemError(
                HTTPStatus.UNPROCESSABLE_ENTITY, f"the telephone network refused the call ({error.detail})"
            )
        case CallControlError(trouble=Trouble.UNAUTHORIZED):
            return ProblemError(
                HTTPStatus.BAD_GATEWAY,
                f"the telephone network does not accept our key or identity, or what we may do ({error.detail})",
            )
        case _:
            return ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"the telephone network took no order ({error.detail})",
                headers=retry_after(error.retry_after_s),
            )


def _refused(error: CallError) -> ProblemError:
    status = {
        CallTrouble.NOT_CONNECTED: HTTPStatus.CONFLICT,
        CallTrouble.GONE: HTTPStatus.CONFLICT,
        CallTrouble.REFUSED: HTTPStatus.UNPROCESSABLE_ENTITY,
        CallTrouble.NOT_CONFIGURED: HTTPStatus.SERVICE_UNAVAILABLE,
        CallTrouble.UNAUTHORIZED: HTTPStatus.BAD_GATEWAY,
        CallTrouble.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    }[error.trouble]
    detail = f"{error} ({error.cause})" if error.cause else str(error)
    later = error.trouble is CallTrouble.UNAVAILABLE
    return ProblemError(status, detail, headers=retry_after(error.retry_after_s) if later else None)


def retry_after(asked_s: float | None) -> dict[str, str]:
    """Return the Retry-After header, in whole seconds: what the telephone network asks for, else a few."""
    return RETRY_AFTER if asked_s is None else {"Retry-After": str(max(1, math.ceil(asked_s)))}


def _invalid(field: str, message: str, code: str = "enum") -> ProblemError:
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, f"{field}: {message}", (FieldError(field, message, code),))
