"""Sees each call of a worker to its end, from its beginning in `new_calls.py` on."""

import asyncio
import logging
from collections.abc import Callable, Mapping

from actors.agent import Agent
from actors.conversation import Ending
from actors.messages.caller import CallOrderFailed, InputMessage, KeyPressed
from actors.ports.clock import Clock, Random
from actors.runtime.background_tasks import BackgroundTasks
from actors.session.sessions_keeper import SessionsKeeper
from app.agents.handoffs import team_of
from app.browser.session_outputs import SessionOutputs
from app.server.sockets.socket_writer import NORMAL
from app.telephony.call import Admission, Call, Custody
from app.telephony.call_control import CallControl
from app.telephony.call_endings import CallEndings
from app.telephony.call_log import CallLog
from app.telephony.capacity import session_of
from app.telephony.carrier import Carrier
from app.telephony.counts import TelephonyCounts
from app.telephony.errors import NotConfiguredError
from app.telephony.media.dtmf import Way
from app.telephony.media.media_connection import MediaConnection
from app.telephony.media.media_watch import MediaWatch
from protocol.calls import CallState

log = logging.getLogger(__name__)

OVERTIME_S = 180.0
"""Seconds by which a call may be longer than its agent's `max_session_s`, for the access code and the goodbye."""


class Switchboard:
    """Connects the calls of one worker, the telephone network and the sessions. Belongs to the loop's thread.

    Args:
        carrier: the telephone network; its `control` is None where none is configured.
        agents: all agents, by name.
        clock: times of calls.
        random: makes the ids of orders.
        background: runs what nobody waits for.
        sessions: the sessions of this worker.
        outputs: where sessions are shown.
        leave_session: called with the id of a session that another worker has.
        log: the calls of this worker.
    """

    def __init__(
        self,
        *,
        carrier: Carrier,
        agents: Mapping[str, Agent],
        clock: Clock,
        random: Random,
        background: BackgroundTasks,
        sessions: SessionsKeeper,
        outputs: SessionOutputs,
        leave_session: Callable[[str], None],
        log: CallLog,
    ) -> None:
        self.carrier = carrier
        self._control = carrier.control
        self._agents = agents
        self._clock = clock
        self._random = random
        self._background = background
        self._sessions = sessions
        self._outputs = outputs
        self._leave_session = leave_session
        self.log = log
        self.counts = TelephonyCounts()
        self.call_changed: Callable[[Call], None] = lambda call: None
        """Called when a call begins, and whenever it changes."""
        self.nobody_has: Callable[[str], None] = lambda call_id: None
        """Called with the id of a call that is up at the network and not known here."""
        self.is_in_doubt: Callable[[], bool] = lambda: False
        """Tells whether another worker may have taken calls of this one without its knowledge."""
        self.left_in_doubt: set[str] = set()
        """The secrets of calls that another worker may have; looked at again once that can be found out."""
        self._media: MediaWatch | None = None
        self._endings = CallEndings(self._control, clock, background, self.tell_session)

    @property
    def network(self) -> CallControl | None:
        """The telephone network that orders go to; None if none is configured."""
        return self._control

    def start(self) -> None:
        """Get ready for the first call, in the background."""
        if self._control is not None:
            self._media = MediaWatch(
                self._control,
                self._clock,
                self._endings.hang_up_after_transfer,
                self._endings.gone,
                self.connected,
                lambda: self.is_in_doubt(),
                self._leave_in_doubt,
            )
            self._background.run(self._control.open())

    @property
    def control(self) -> CallControl:
        """The telephone network.

        Raises:
            NotConfiguredError: there is none.
        """
        if self._control is None:
            raise NotConfiguredError(f"no telephone network is configured: set {self.carrier.network_variables}")
        return self._control

    def wall(self) -> float:
        """The time in seconds since the epoch."""
        return self._clock.wall()

    def order_id(self) -> str:
        """A new operation context, by which the events of an order are known."""
        return self._random.token("order_")

    async def close(self) -> None:
        """Close the connections to the network. Calls are drained before: one that is still up is controlled by nobody
        from here on."""
        live = self.log.live
        ordered = [task for call in live if (task := call.hang_up_order.task) is not None]
        for task in ordered:
            task.cancel()
        await asyncio.gather(*ordered, *(task for call in live for task in call.cancel()), return_exceptions=True)
        if self._control is not None:
            await self._control.close()

    # calls go on

    def taken(self, call: Call, call_id: str) -> None:
        """Note that the network has taken the order that begins a call: its events and a media socket are due."""
        call.identify(call_id)
        if self._media is not None and call.connection is None:
            self._media.due(call)

    def connected(self, call: Call) -> None:
        """Note that a call is up. One that was given up before has nobody to talk to: it is hung up."""
        if call.over.is_set():
            self._endings.hang_up_again(call)
        elif call.progress.connected_at is None:
            call.change_state(CallState.CONNECTED, self._clock.wall())
            log.info("a call is connected", extra={"call": call.call_id, "direction": call.direction.value})
            # A task that sleeps would take a kilobyte more of each call.
            reached = (call.agent, *team_of(call.agent, self._agents))
            longest_s = max(agent.limits.max_session_s for agent in reached)
            call.run_later(longest_s + OVERTIME_S, self._endings.end_overtime)
            if call.participants.is_caller_on_hold:
                # So it is with a call of a worker that died.
                call.change_state(CallState.ON_HOLD, self._clock.wall())
            if call.connection is None and self._media is not None:
                see_to = self._media.lost if call.is_media_lost else self._media.due
                see_to(call)

    def pressed(self, call: Call, way: Way, digit: str) -> None:
        """Tell the session of a key once, though the network may report it in an event and on the media socket."""
        at = self._clock.now()
        if not call.dtmf.take_tone(way, digit, at):
            return
        if call.dtmf.count_press(at):
            self.tell_session(call, KeyPressed(digit))
        else:
            self.counts.ignored_messages += 1

    def tell_session(self, call: Call, message: InputMessage) -> None:
        """Tell the session that the call has now, if it has one."""
        entry = self._sessions.live.get(self.session_of(call))
        if entry is not None:
            entry.deliver(message)

    def order_failed(self, call: Call, notice: CallOrderFailed) -> None:
        """Tell the session of a call that an order has failed of which it may believe otherwise; its next session, if
        the call has none while its media socket is gone.
        """
        if self.session_of(call) in self._sessions.live:
            self.tell_session(call, notice)
        else:
            call.owe(notice)

    def session_of(self, call: Call) -> str:
        """The id of the session that the call has now: the one that asks for the access code, then its own."""
        return session_of(call)

    # the media socket

    def connect(self, call: Call, connection: MediaConnection, open_session: Callable[[], object]) -> None:
        """Attach a media socket to its call, which is up then whatever its events have said; close a former one."""
        former, call.connection, call.open_session = call.connection, connection, open_session
        if former is not None:
            former.close(NORMAL, "another media socket took this call over")
        if self._media is not None:
            self._media.opened(call)
        self.connected(call)

    def disconnect(self, call: Call, connection: MediaConnection) -> bool:
        """A media socket is gone; whether it was the call's present one. A call that is up gets another one."""
        if call.connection is not connection:
            return False
        call.connection = call.open_session = None
        observers = self._outputs.get(call.session_id)
        if observers is not None and observers.connection is connection:
            observers.connection = None
            self._outputs.forget_unused(call.session_id)
        self.media_lost(call)
        return True

    def media_lost(self, call: Call, *, at_once: bool = False) -> None:
        """Ask the network for the media socket of a call, which is lost; without a network its session waits, and ends.

        `at_once`: it was lost so long ago that the network does not open it again by itself; a call that may not be up
        yet is waited for.
        """
        call.is_media_lost = call.connection is None
        if self._media is not None and (call.up or at_once) and call.is_media_lost:
            self._media.lost(call, at_once=at_once)

    def media_stopped(self, call: Call) -> None:
        """Note that the network says that it streams a call no more: its media socket is lost, or useless."""
        if call.connection is None:
            self.media_lost(call)
        elif self._media is not None:
            self._media.stopped(call)

    def media_refused(self, call: Call) -> None:
        """Note that the network could not open the media socket of a call that is up."""
        call.is_media_lost = call.connection is None
        if self._media is not None and call.up and call.is_media_lost:
            self._media.refused(call)

    # calls end

    def leave(self, call: Call, code: int = NORMAL) -> None:
        """Forget a call here that another worker has, without an order to the network. Its media socket is closed with
        this close code.
        """
        if not call.hand_to(Custody.MOVED):
            return
        self.log.remove(call)
        if self._media is not None:
            self._media.opened(call)
        call.over.set()
        call.cancel()
        if call.hang_up_order.task is not None:
            call.hang_up_order.task.cancel()
        if call.connection is not None:
            call.connection.close(code, "another worker has the call")
        self._leave_session(self.session_of(call))

    def _leave_in_doubt(self, call: Call) -> None:
        self.left_in_doubt.add(call.secret)
        self.leave(call)

    def session_moved(self, session_id: str) -> None:
        """Leave the call of a session with which another worker goes on: it has the call too."""
        call = self.log.of_session(session_id)
        if call is not None:
            log.warning("a call goes on at another worker and is left here", extra={"call": call.call_id})
            self.leave(call)

    def session_over(self, session_id: str) -> None:
        """Note that a session ended: its call goes on with the next one, or is over."""
        call = next((call for call in self.log.live if self.session_of(call) == session_id), None)
        if call is None:
            return
        if call.admission is Admission.CODE_GIVEN:
            call.admission = Admission.ADMITTED
            self.call_changed(call)
            if call.open_session is not None:
                call.open_session()
            return
        call.run(self._endings.hang_up_after_transfer(call))

    def hang_up(self, call: Call) -> None:
        """Hang up for everyone, in the background; harmless when that is under way, or the call is over."""
        self._endings.hang_up(call)

    def end_session(self, call: Call, ending: Ending = Ending.NORMAL) -> None:
        """End the session that the call has now at once, without a goodbye."""
        self._endings.end_session(call, ending)

    def ended(self, call: Call, state: CallState) -> None:
        """Note that a call is over; one that never was connected has failed."""
        self._endings.ended(call, state)
