"""An open media socket of a call, attached to the session of the call."""

from functools import partial
from typing import Any

import msgspec
from starlette.types import Receive

from actors.messages.caller import ConnectionAttached, ConnectionDetached, HoldStarted, Lead, Transport
from actors.runtime.log_context import SessionIds, work_for
from actors.session.modes.media import MEDIA
from app.server.fast_path import FastPath
from app.server.socket_reader import SocketReader
from app.server.socket_writer import SocketWriter
from app.services import Services
from app.telephony.access_code import TOOLS as ACCESS_TOOLS
from app.telephony.access_code import AccessCodeModel, gatekeeper
from app.telephony.acs.call_connection import CallConnection
from app.telephony.acs.media_input import MediaInput
from app.telephony.call import Call
from app.telephony.call_orders import TRANSFER_S
from app.telephony.switchboard import Switchboard
from app.telephony.take_over import taking_over
from app.telephony.telephone_controls import TelephoneControls
from protocol.acs.media import OutboundCase
from protocol.calls import CallState

LEAD_MS = 60
"""ACS tells nothing of playback, so what is sent ahead cannot be taken back; it must never run dry either."""


class MediaStream:
    """A media socket attached to the session of its call."""

    def __init__(
        self, service: Services, switchboard: Switchboard, call: Call, writer: SocketWriter, *, trusted: bool
    ) -> None:
        settings = service.settings
        self._service = service
        self._switchboard = switchboard
        self._call = call
        work_for(SessionIds(call.session_id, call.call_id))
        self._id = service.random.token("conn_")
        self._attached = ConnectionAttached(
            connection_id=self._id,
            lead=Lead(Transport.PACED, LEAD_MS),
            rate_hz=settings.telephony.sample_rate,
            frame_ms=settings.acs.frame_ms,
        )
        self._writer = writer
        self._connection = CallConnection(
            writer,
            service.clock,
            settings.telephony.sample_rate,
            OutboundCase(settings.acs.outbound_case),
            service.claim_check,
        )
        self._input = MediaInput(service, switchboard, call, self._connection, trusted=trusted)
        self._input.session = self._attach()
        if call.state is CallState.ON_HOLD:
            self._input.session.deliver(HoldStarted())

    # the session

    def _attach(self) -> Any:
        call, switchboard = self._call, self._switchboard
        switchboard.connect(call, self._connection, self._open_session)
        entry = self._service.sessions.live.get(switchboard.session_of(call))
        if entry is None:
            return self._open_session()
        entry.connection.output = self._output
        entry.deliver(self._attached)
        return entry

    @property
    def _output(self) -> Any:
        """Where the session speaks to: with output, but for the one that hears the access code."""
        if not self._call.admitted:
            return self._connection
        output = self._service.output_of(self._call.session_id)
        output.connection = self._connection
        return output

    def _open_session(self) -> Any:
        """The session that asks for the access code, or the call's own."""
        service, call = self._service, self._call
        if call.admitted:
            plan = service.plan(
                call.session_id,
                call.mode,
                taking_over(call.agent) if call.taken_over or call.checkpoint is not None else call.agent,
                service.random.token("resume_"),
                call_id=call.call_id,
                traceparent=call.traceparent,
                about=call.about,
                call=TelephoneControls(
                    self._switchboard,
                    call,
                    service.settings.telephony.handoff_phone_number,
                    call.agent.transfer_targets,
                ),
            )
        else:
            code = service.settings.telephony.access_code
            assert code is not None
            agent = gatekeeper(call.agent)
            judge = partial(self._switchboard.access_codes.judge, code, call.caller)
            plan = service.plan(
                self._switchboard.session_of(call),
                MEDIA,
                agent,
                service.random.token("resume_"),
                call_id=call.call_id,
                traceparent=call.traceparent,
                model=AccessCodeModel(judge, agent, self._accept),
                stored=False,
            )
            plan = msgspec.structs.replace(plan, tools=ACCESS_TOOLS)
        former, sessions = call.conversation, service.sessions
        if call.admitted and call.checkpoint is not None:
            checkpoint, call.checkpoint = call.checkpoint, None
            entry = sessions.open(plan, self._output, self._attached, checkpoint)
        elif call.taken_over and call.admitted and former is not None and former.resumable:
            entry = sessions.restore(plan, self._output, self._attached, former, greets=True)
        else:
            entry = sessions.open(plan, self._output, self._attached)
        self._input.session = entry
        return self._input.session

    def _accept(self) -> None:
        self._call.code_given = True

    # the socket

    async def run(self, receive: Receive, fast_path: FastPath | None) -> None:
        """Carry the call's audio both ways until either side closes the socket."""
        try:
            # The network is trusted: what it sends at once after a fault of the line is read slowly, and not punished.
            reader = SocketReader(
                self._writer, self._input.take, crowded=lambda: self._input.session.addresses.is_crowded
            )
            await reader.run(receive, fast_path)
        finally:
            self._leave()

    def _leave(self) -> None:
        self._connection.abandon()
        if self._switchboard.disconnect(self._call, self._connection):
            entry = self._service.sessions.live.get(self._switchboard.session_of(self._call))
            if entry is not None:
                # A transfer that rings takes the socket away, and may yet leave the caller to this session.
                transferring = self._call.orders.transferring is not None
                entry.deliver(ConnectionDetached(self._id, 2 * TRANSFER_S if transferring else 0.0))
