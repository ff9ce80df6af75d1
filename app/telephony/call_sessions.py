"""The sessions of calls: the one that asks for the access code, where one is set, and then the call's own."""

from functools import partial

import msgspec

from actors.agent import Agent
from actors.messages.caller import ConnectionAttached, HoldEnded
from actors.messages.output import OutputMessage
from actors.ports.clock import Random
from actors.ports.recipient import Recipient
from actors.session.modes.media import MEDIA
from actors.session.plan import SessionPlan
from actors.session.sessions import SessionEntry
from actors.session.sessions_keeper import SessionsKeeper
from app.browser.session_outputs import SessionOutputs
from app.sessions.session_plans import SessionPlans
from app.telephony.call import Admission, Call
from app.telephony.capacity import session_of
from app.telephony.continuity.take_over import taking_over
from app.telephony.hold import hold_has_ended
from app.telephony.inbound.access_code import TOOLS as ACCESS_TOOLS
from app.telephony.inbound.access_code import AccessCodeModel, gatekeeper
from app.telephony.inbound.access_code_check import AccessCodes
from app.telephony.media.media_connection import MediaConnection
from app.telephony.new_calls import NewCalls
from app.telephony.switchboard import Switchboard
from app.telephony.telephone_controls import TelephoneControls
from app.telephony.transfer.consult import Consult
from app.telephony.transfer.warm_transfer import WarmTransfer
from config.groups.telephony import Telephony


class CallSessions:
    """Opens the sessions of one worker's calls on their media sockets, whichever carrier they come by."""

    def __init__(
        self,
        *,
        settings: Telephony,
        random: Random,
        plans: SessionPlans,
        sessions: SessionsKeeper,
        outputs: SessionOutputs,
        access_codes: AccessCodes,
        new_calls: NewCalls,
        switchboard: Switchboard,
    ) -> None:
        self._new_calls = new_calls
        self._settings = settings
        self._random = random
        self._plans = plans
        self._sessions = sessions
        self._outputs = outputs
        self._access_codes = access_codes
        self._switchboard = switchboard

    def new_connection_id(self) -> str:
        """An id for a media socket that is opened now."""
        return self._random.token("conn_")

    def live(self, call: Call) -> SessionEntry | None:
        """The session that the call has now; None if it has none yet, or no more."""
        return self._sessions.live.get(session_of(call))

    def attach(self, call: Call, connection: MediaConnection, attached: ConnectionAttached) -> SessionEntry:
        """The session that the call has now, speaking to this media socket from now on; opened if there is none."""
        entry = self.live(call)
        if entry is None:
            return self.open(call, connection, attached)
        entry.connection.output = self._output(call, connection)
        entry.deliver(attached)
        return entry

    def open(self, call: Call, connection: MediaConnection, attached: ConnectionAttached) -> SessionEntry:
        """Open the session that asks for the access code, or the call's own once the caller is admitted."""
        entry = self._opened(call, connection, attached)
        while call.admitted and call.owed_notices:
            entry.deliver(call.owed_notices.pop(0))
        return entry

    def _opened(self, call: Call, connection: MediaConnection, attached: ConnectionAttached) -> SessionEntry:
        plan = self._plan(call)
        output = self._output(call, connection)
        if not call.admitted:
            return self._sessions.open(plan, output, attached)
        if (checkpoint := call.resumption.take_checkpoint()) is not None:
            entry = self._sessions.open(plan, output, attached, checkpoint)
            if hold_has_ended(call, checkpoint):
                entry.deliver(HoldEnded())
            return entry
        if (former := call.resumption.resumable) is not None:
            return self._sessions.restore(plan, output, attached, former, greets=True)
        return self._sessions.open(plan, output, attached)

    def _plan(self, call: Call) -> SessionPlan:
        if call.consult is not None:
            return self._consult_plan(call, call.consult)
        return self._own_plan(call) if call.admitted else self._access_plan(call)

    def _consult_plan(self, call: Call, consult: Consult) -> SessionPlan:
        plan = self._plans.plan(
            call.session_id,
            MEDIA,
            consult.agent,
            self._random.token("resume_"),
            call_id=call.call_id,
            traceparent=call.traceparent,
            about=call.about,
            model=consult,
            stored=False,
        )
        return msgspec.structs.replace(plan, tools=Consult.tools)

    def _own_plan(self, call: Call) -> SessionPlan:
        handoff = self._settings.handoff_phone_number
        return self._plans.plan(
            call.session_id,
            call.mode,
            taking_over(call.agent) if call.resumption.was_cut_off else call.agent,
            self._random.token("resume_"),
            call_id=call.call_id,
            traceparent=call.traceparent,
            about=call.about,
            call=TelephoneControls(
                self._switchboard,
                call,
                handoff,
                partial(self._transfer_targets, call),
                WarmTransfer(self._switchboard, call, self._new_calls, partial(self._present_agent, call)),
            ),
        )

    def _transfer_targets(self, call: Call) -> tuple[str, ...]:
        """Return the targets to which the agent that has the conversation at present may put callers through."""
        entry = self._sessions.live.get(call.session_id)
        return entry.plan.agent.transfer_targets if entry is not None else ()

    def _present_agent(self, call: Call) -> Agent:
        entry = self._sessions.live.get(call.session_id)
        return entry.plan.agent if entry is not None else call.agent

    def _access_plan(self, call: Call) -> SessionPlan:
        code = self._settings.access_code
        assert code is not None
        agent = gatekeeper(call.agent)
        judge = partial(self._access_codes.judge, code, call.caller)

        def accept() -> None:
            call.admission = Admission.CODE_GIVEN

        plan = self._plans.plan(
            session_of(call),
            MEDIA,
            agent,
            self._random.token("resume_"),
            call_id=call.call_id,
            traceparent=call.traceparent,
            model=AccessCodeModel(judge, agent, accept),
            stored=False,
        )
        return msgspec.structs.replace(plan, tools=ACCESS_TOOLS)

    def _output(self, call: Call, connection: MediaConnection) -> Recipient[OutputMessage]:
        """Return the recipient of what the session says: the call's output, which shows it to others as well.

        Where an access code is asked for, or somebody is asked to take a caller, the media connection alone.
        """
        if not call.admitted or call.consult is not None:
            return connection
        output = self._outputs.of(call.session_id)
        output.connection = connection
        return output
