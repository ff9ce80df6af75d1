"""The HTTP routes that ACS and Event Grid call: incoming calls, and events of calls that are connected."""

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actors.ports.clock import Clock
from actors.runtime.log_context import SessionIds, work_for
from app.api.problems import ProblemError
from app.api.requests import body_of
from app.api.responses import json_response
from app.api.routes.calls import not_taken
from app.auth.acs import AcsAccess
from app.telephony.acs.call_events import SHOW_A_CALL, CallEvents
from app.telephony.acs.incoming_calls import incoming_call
from app.telephony.call import Call
from app.telephony.errors import NotConfiguredError
from app.telephony.inbound.answering import Answering
from app.telephony.switchboard import Switchboard
from protocol.acs import call_event_decoding, event_grid
from protocol.acs.call_events import (
    AcsEvent,
    AnswerFailed,
    CallConnected,
    CallDisconnected,
    CallTransferAccepted,
    ConnectFailed,
    CreateCallFailed,
)
from protocol.acs.cloud_events import EventsError, Malformed, UnknownEvent, structured
from protocol.acs.event_grid import IncomingCall, SubscriptionValidation
from protocol.browser import timestamp
from protocol.calls import AnsweredCall, CallbacksAnswer, NoEvents, ValidationAnswer

T = TypeVar("T")

log = logging.getLogger(__name__)

DELIVERY_BYTES = 1_048_576
"""The most bytes of a delivery of Event Grid."""
NOBODY_WAITS = (CallDisconnected, CallTransferAccepted, CreateCallFailed, AnswerFailed, ConnectFailed)
"""Events of a call that has ended, or whose caller has been passed on: a call that nobody has is not hung up
for them."""
NOT_ESTABLISHED = (CreateCallFailed, AnswerFailed, ConnectFailed)
"""Those of them that may be of a second order for a call that has come about."""
CALLBACK_BYTES = 262_144
"""The most bytes of a delivery of callbacks: ACS delivers a few events at a time, none of them long."""


class CallbackRoutes:
    """Serves `/calls/answer` for Event Grid, and `/calls/callbacks` for the events of ACS."""

    def __init__(self, acs_access: AcsAccess, clock: Clock, answering: Answering, switchboard: Switchboard) -> None:
        self._acs_access = acs_access
        self._clock = clock
        self._answering = answering
        self._switchboard = switchboard
        self._events = CallEvents(clock, switchboard)

    def routes(self) -> list[Route]:
        """The routes that Event Grid and ACS call."""
        return [
            Route("/calls/answer", self.answer, methods=["POST"]),
            Route("/calls/answer", self.handshake, methods=["OPTIONS"]),
            Route("/calls/callbacks", self.callbacks, methods=["POST"]),
            Route("/calls/callbacks/{call_secret}", self.callbacks, methods=["POST"]),
        ]

    async def handshake(self, request: Request) -> Response:
        """Answer the question of Event Grid, in the CloudEvents schema, whether this server wants its events."""
        origin = request.headers.get("webhook-request-origin", "")
        if not origin:
            return Response(status_code=HTTPStatus.NO_CONTENT, headers={"Allow": "OPTIONS, POST"})
        return Response(
            status_code=HTTPStatus.OK, headers={"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*"}
        )

    async def answer(self, request: Request) -> Response:
        """Handle a delivery of Event Grid. Deliveries are at least once: the same call is answered once."""
        events = await self._decoded(request, event_grid.decode, DELIVERY_BYTES)
        validation: ValidationAnswer | None = None
        for event in events:
            match event:
                case SubscriptionValidation(code=code):
                    validation = validation or ValidationAnswer(code)
                case UnknownEvent(type=kind) if kind.lower() == event_grid.DELETION:
                    log.warning("the Event Grid subscription was deleted: it announces no more calls to this server")
                case UnknownEvent():
                    self._switchboard.counts.unknown_events += 1
                case Malformed(kind, reason):
                    log.warning("an event cannot be understood: %s", reason, extra={"type": kind})
        # Calls that come in one delivery with the question whether we want any ring like all others.
        answered = await self._answered([event for event in events if isinstance(event, IncomingCall)])
        if validation is not None:
            return json_response(validation)
        if answered is None:
            return json_response(NoEvents())
        now = timestamp(self._clock.wall())
        return json_response(
            AnsweredCall(call_connection_id=answered.call_id, caller_id=answered.caller, answered_at=now)
        )

    async def _answered(self, incoming: list[IncomingCall]) -> Call | None:
        """Deal with all calls of a delivery side by side; the last one that is answered.

        Raises:
            ProblemError: there is no telephone network.
        """
        try:
            calls = await asyncio.gather(*(self._answering.take(incoming_call(event)) for event in incoming))
        except NotConfiguredError as error:
            raise not_taken(error) from None
        return next((call for call in reversed(calls) if call is not None), None)

    async def callbacks(self, request: Request) -> Response:
        """Handle events of the call whose secret is in the path; with checks off, of whichever call they name."""
        secret = request.path_params.get("call_secret", "")
        own = self._switchboard.log.of_secret(secret) if secret else None
        if secret and own is None:
            return await self._of_nobodys_call(request)
        processed = failed = 0
        named = own.call_id if own is not None else ""
        for event in await self._decoded(request, call_event_decoding.decode, CALLBACK_BYTES):
            if self._take(event, own):
                processed += 1
            else:
                failed += 1
            named = named or getattr(event, "call_connection_id", "")
        return json_response(
            CallbacksAnswer(processed_events=processed, failed_events=failed, call_connection_id=named or None)
        )

    async def _of_nobodys_call(self, request: Request) -> Response:
        """Events of a call that is not known here, as after a restart: if it is up, it is hung up.

        Raises:
            ProblemError: the address is wrong, or nothing shows that the network tells of the call.
        """
        events = await self._decoded(request, call_event_decoding.decode, CALLBACK_BYTES)
        named = {event.call_connection_id for event in events if isinstance(event, AcsEvent)} - {""}
        known = self._switchboard.log.of_id
        if not self._acs_access.on or not named or any(known(call_id) for call_id in named):
            raise ProblemError(HTTPStatus.NOT_FOUND, "there is no such call")
        up = {event.call_connection_id for event in events if isinstance(event, CallConnected)}
        ended = {
            event.call_connection_id
            for event in events
            if isinstance(event, NOBODY_WAITS)
            and not (isinstance(event, NOT_ESTABLISHED) and event.call_connection_id in up)
        }
        for call_id in named - ended:
            self._hang_up_unknown(call_id)
        return json_response(
            CallbacksAnswer(processed_events=0, failed_events=len(events), call_connection_id=min(named))
        )

    def _hang_up_unknown(self, call_id: str) -> None:
        """Have a call hung up that is up and that nobody knows, if it is the network that tells of it."""
        if self._acs_access.on:
            self._switchboard.nobody_has(call_id)

    def _take(self, event: AcsEvent | UnknownEvent | Malformed, own: Call | None) -> bool:
        """One event; whether it could be dealt with. One that nobody knows is nobody's failure."""
        match event:
            case UnknownEvent():
                self._switchboard.counts.unknown_events += 1
                return True
            case Malformed(kind, reason):
                log.warning("an event cannot be understood: %s", reason, extra={"type": kind})
                return False
            case AcsEvent():
                return self._told(event, own)

    def _told(self, event: AcsEvent, own: Call | None) -> bool:
        log_ = self._switchboard.log
        call = own or log_.of_id(event.call_connection_id) or log_.of_server_call(event.server_call_id)
        if call is None:
            return False
        if event.call_connection_id and not _is_of(call, event):
            log.warning("an event of another call came to a call's address")
            # As of a call that was answered twice, once without anybody's hearing of it.
            if isinstance(event, CallConnected) and log_.of_id(event.call_connection_id) is None:
                self._hang_up_unknown(event.call_connection_id)
            return False
        work_for(SessionIds(call.session_id, call.call_id))
        if event.defect:
            log.warning("an event is processed without a malformed field: %s", event.defect)
        self._events.apply(call, event)
        return True

    async def _decoded(self, request: Request, decode: Callable[[bytes], list[T]], most_bytes: int) -> list[T]:
        try:
            return decode(structured(request.headers, await body_of(request, most_bytes)))
        except EventsError as error:
            raise ProblemError(HTTPStatus.BAD_REQUEST, str(error)) from None


def _is_of(call: Call, event: AcsEvent) -> bool:
    """Whether an event that came to the address of `call` is of that call; it may be the first to name it."""
    if isinstance(event, AnswerFailed) and (call.is_answer_in_doubt or not call.call_id):
        # Of whichever order it was: what another one comes to is told by its answer, or by other events.
        return True
    if isinstance(event, (CallConnected, *SHOW_A_CALL)):
        return call.shows_as(event.call_connection_id)
    return call.identify(event.call_connection_id)
