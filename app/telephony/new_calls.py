"""Calls that begin: placed by us, come in, taken over from another worker, or known by their media socket alone."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from actors.agent import Agent
from actors.ports.clock import Clock, Random
from actors.session.modes.media import MEDIA
from actors.session.sessions_keeper import SessionsKeeper
from actors.session_context import ON_THE_TELEPHONE, SessionContext
from app.agents.kept_phrases import KeptPhrases
from app.agents.roster import AgentRoster
from app.telephony.call import Admission, Call, Direction
from app.telephony.call_context import consult_context, outbound_context
from app.telephony.capacity import Capacity
from app.telephony.errors import CallControlError, NoCapacityError, NotConfiguredError
from app.telephony.inbound.access_code import gatekeeper
from app.telephony.inbound.incoming_call import IncomingCall
from app.telephony.media.network_transcription import transcribed_in
from app.telephony.switchboard import Switchboard
from app.telephony.transfer.consult import CONSULTS, Consult
from config.settings import Settings
from protocol.calls import CallState, InitiateCall
from protocol.phone_numbers import is_e164

log = logging.getLogger(__name__)

RINGING_S = 120.0
"""Seconds within which a placed call has to be connected; else it is given up."""


async def _always(_: str) -> bool:
    return True


async def _never(_: IncomingCall) -> bool:
    return False


class NewCalls:
    """Begins the calls of one worker, which its switchboard sees through from then on. Belongs to the loop's thread.

    `expect`: told the id and the mode of each session that is to begin when its call is picked up. `forget`: told the
    id of each whose call is over, or is not picked up, also where its session has begun.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        random: Random,
        agents: AgentRoster,
        phrases: KeptPhrases,
        sessions: SessionsKeeper,
        capacity: Capacity,
        switchboard: Switchboard,
        expect: Callable[[str, str], None],
        forget: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._random = random
        self._agents = agents
        self._phrases = phrases
        self._sessions = sessions
        self.capacity = capacity
        self._switchboard = switchboard
        self._expect = expect
        self._forget = forget
        self.is_ours: Callable[[str], Awaitable[bool]] = _always
        """Asked whether this worker is to answer an announced call; the announcement may have been delivered to
        several."""
        self.pass_on: Callable[[IncomingCall], Awaitable[bool]] = _never
        """Asks other workers to answer an announced call for which this one has no room; returns whether one does."""

    async def place(self, asked: InitiateCall, agent: Agent, mode: str) -> Call:
        """Call somebody.

        Raises:
            NotConfiguredError, NoCapacityError, CallControlError.
        """
        source = asked.caller_id or self._switchboard.carrier.source_number
        about = outbound_context(asked, source)
        return await self._place(source, agent, mode, about, wanted=asked.browser_session_id)

    async def consult(self, target: str, call: Call, consult: Consult) -> Call:
        """Call somebody, at a number or by the network's own id, to ask whether they take the caller of `call`.

        Raises:
            NotConfiguredError, NoCapacityError, CallControlError.
        """
        source = self._switchboard.carrier.source_number or call.own_number
        return await self._place(source, call.agent, MEDIA, consult_context(target, source), consult=consult)

    async def _place(
        self,
        source: str,
        agent: Agent,
        mode: str,
        about: SessionContext,
        *,
        wanted: str | None = None,
        consult: Consult | None = None,
    ) -> Call:
        """Call whom `about` names, from the number `source`: only telephones have to be called from one."""
        board, carrier = self._switchboard, self._switchboard.carrier
        control, addresses, target = board.control, carrier.addresses, about.caller
        if not source and is_e164(target):
            raise NotConfiguredError(f"no number to call from: set {carrier.source_number_variable}, or send caller_id")
        addresses.require()
        self.capacity.require()
        call = self.begin(Direction.OUTBOUND, agent, mode, target, about=about, wanted=wanted, consult=consult)
        call.own_number = source
        try:
            call_id = await control.create(
                target,
                source,
                addresses.callback(call.secret),
                addresses.media(call.secret, call.transcribed_in),
            )
        except CallControlError as error:
            self.refused(call, "CreateCallRefused", error)
            if not call.call_id:
                board.ended(call, CallState.FAILED)
                raise
            # The order was carried out, and its answer lost: the call's events say so.
            return call
        board.taken(call, call_id)
        call.note("CreateCall", self._clock.wall())
        if call.state is CallState.INITIATING:
            call.change_state(CallState.RINGING, self._clock.wall())
        return call

    def begin(
        self,
        direction: Direction,
        agent: Agent,
        mode: str,
        caller: str,
        *,
        announcement: str = "",
        about: SessionContext = ON_THE_TELEPHONE,
        wanted: str | None = None,
        consult: Consult | None = None,
    ) -> Call:
        """A call that is not ordered of the network yet, or that the network has. `wanted`: the id of its session, if
        that is free; `consult`: what is said in it in place of the agent's own conversation.
        """
        carrier = self._switchboard.carrier
        taken = wanted is None or wanted in self._sessions.live or self._switchboard.log.of_session(wanted) is not None
        session_id = self._random.token("session_") if taken or wanted is None else wanted
        call = Call(
            secret=self._random.token(CONSULTS if consult is not None else ""),
            session_id=session_id,
            direction=direction,
            agent=agent,
            mode=mode,
            caller=caller,
            created_at=self._clock.wall(),
            announcement=announcement,
            about=about,
        )
        call.own_number, call.consult = carrier.source_number, consult
        asks_for_code = direction is Direction.INBOUND and self._settings.telephony.access_code is not None
        call.admission = Admission.AWAITS_CODE if asks_for_code else Admission.ADMITTED
        self.enlist(call)
        # The first words are made while it rings, and what is far away is connected to.
        self._phrases.at(agent, carrier.rate_hz, mode)
        if not call.admitted:
            self._phrases.at(gatekeeper(agent), carrier.rate_hz, MEDIA)
        self._expect(session_id, mode)
        return call

    def enlist(self, call: Call) -> None:
        """Keep `call` in this worker's call log from now on, and hang up if it rings too long."""
        board = self._switchboard
        call.transcribed_in = transcribed_in(call, self._settings, is_available=board.carrier.transcribes)
        board.log.add(call)
        call.on_change = board.call_changed
        board.call_changed(call)
        call.run(self._give_up_ringing(call))

    def adopt(self, call_id: str, session_id: str) -> Call:
        """A media socket of a call that nobody announced, as load clients open: it is taken as connected.

        Raises:
            NoCapacityError.
        """
        if not self.capacity.has_room:
            raise NoCapacityError("no capacity left for another call")
        agent, mode = self._agents.default, self._switchboard.carrier.default_mode
        call = self.begin(Direction.INBOUND, agent, mode, "", wanted=session_id or f"session_{call_id}")
        call.identify(call_id or call.session_id)
        return call

    def refused(self, call: Call, kind: str, error: CallControlError) -> None:
        """Note that the network did not take an order that begins a call."""
        log.warning("%s: %s", kind, error)
        details = {"status": error.status, "trouble": error.trouble.value, "code": error.code}
        call.note(kind, self._clock.wall(), **details)

    async def _give_up_ringing(self, call: Call) -> None:
        try:
            await asyncio.sleep(RINGING_S)
        finally:
            # The call is over, or rings too long.
            self._forget(call.session_id)
        if call.progress.connected_at is None:
            call.note("NotAnswered", self._clock.wall())
            self._switchboard.hang_up(call)
