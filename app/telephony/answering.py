"""Answers calls that come in: each once, however often it is announced, and also when an order's fate is not known."""

import asyncio

from actors.session_plan import Mode
from app.adapters.acs.port import CallAutomationError
from app.service import Service
from app.telephony.call import Call, Direction
from app.telephony.switchboard import Switchboard
from protocol.calls import CallState
from protocol.event_grid import IncomingCall


class Answering:
    """Of one worker; belongs to the loop's thread."""

    def __init__(self, service: Service, switchboard: Switchboard) -> None:
        self._service = service
        self._switchboard = switchboard
        self._under_way: dict[str, asyncio.Task[Call | None]] = {}

    async def answer(self, incoming: IncomingCall) -> Call | None:
        """Answer a call; None if the network did not let us.

        Raises:
            NotConfigured, Busy.
            CallAutomationError: the network does not answer; the announcement should come again.
        """
        announcement = incoming.correlation_id or incoming.event_id or incoming.context
        task = self._under_way.get(announcement)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._answer(announcement, incoming), name="call.answer")
            self._under_way[announcement] = task
            task.add_done_callback(lambda _: self._under_way.pop(announcement))
        # Shielded, since others wait for the same answer.
        return await asyncio.shield(task)

    async def _answer(self, announcement: str, incoming: IncomingCall) -> Call | None:
        board = self._switchboard
        control = board.control
        board.require_address()
        former = board.log.of_announcement(announcement)
        if former is not None and (former.call_id or former.over.is_set()):
            return former if former.call_id else None
        call = former or self._incoming(announcement, incoming)
        try:
            call_id = await control.answer(incoming.context, board.callback_url(call), board.media_of(call))
        except CallAutomationError as error:
            return self._not_answered(call, error, in_doubt=former is not None)
        call.identify(call_id)
        return call

    def _incoming(self, announcement: str, incoming: IncomingCall) -> Call:
        board, service = self._switchboard, self._service
        board.require_capacity()
        caller = incoming.caller.phone_number or incoming.caller.raw_id
        agent, mode = service.agents[service.default_agent], Mode(service.settings.acs_streaming_mode)
        call = board.begin(Direction.INBOUND, agent, mode, caller, announcement=announcement)
        call.server_call_id = incoming.server_call_id
        call.note("IncomingCall", service.clock.wall())
        return call

    def _not_answered(self, call: Call, error: CallAutomationError, *, in_doubt: bool) -> Call | None:
        """An order to answer was not taken, or was taken and its answer lost: then the call's events say so, sooner or
        later. `in_doubt`: it was ordered before, and a refusal now may mean that it was answered then.
        """
        self._switchboard.refused(call, "AnswerCallRefused", error)
        if call.call_id:
            return call
        if error.retryable:
            raise error
        if not in_doubt:
            self._switchboard.ended(call, CallState.FAILED)
        return None
