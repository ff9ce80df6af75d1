"""Answers calls that come in: each once, however often it is announced, and as long as the caller's telephone rings.

The telephone network is not asked to announce a call again: that takes half a minute, and a webhook that fails often
may be held back for other callers too, for minutes to hours. So every announcement is accepted, and what the network
does not take at once is ordered again from here.
"""

import asyncio
import hashlib
import logging
from http import HTTPStatus

from actors.ports.clock import Clock
from app.agents.roster import AgentRoster
from app.telephony.call import Call, Custody, Direction
from app.telephony.call_context import agent_for, inbound_context
from app.telephony.errors import CallControlError, NoCapacityError, NotConfiguredError, Trouble
from app.telephony.inbound.call_rejection import CallRejection
from app.telephony.inbound.incoming_call import IncomingCall
from app.telephony.inbound.ringing import RINGS_S, WAITS_S, wait_s
from app.telephony.new_calls import NewCalls
from app.telephony.switchboard import Switchboard
from config.settings import Settings
from protocol.calls import CallState

log = logging.getLogger(__name__)

DELIVERY_S = 12.0
"""Seconds within which an announcement is acknowledged, whatever becomes of its call; a network waits for up to
30 s."""
ROOM_S = 5.0
"""Seconds for which a call waits while the event loop is late; then it is rejected, since there is no room for it."""
LOOK_FOR_ROOM_S = 0.25
MOST_UNDER_WAY = 1_000
"""The most announcements that are handled at the same time. There are as many only if the network takes no orders; to
have another one rejected would be one more order."""
EVENT_IDS_KEPT = 2_000
"""The most announcements that are remembered by the id of their event, since each may be delivered more than once."""


class Answering:
    """Answers the calls that are announced to one worker, or turns them away. Belongs to the loop's thread."""

    def __init__(
        self, settings: Settings, clock: Clock, agents: AgentRoster, new_calls: NewCalls, switchboard: Switchboard
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._agents = agents
        self._new_calls = new_calls
        self._switchboard = switchboard
        self._rejection = CallRejection(settings.telephony, switchboard)
        self._under_way: dict[str, asyncio.Task[Call | None]] = {}
        self._of_event: dict[str, str] = {}

    async def take(self, incoming: IncomingCall) -> Call | None:
        """Deal with an announced call; returns it if it is answered within DELIVERY_S seconds, else None.

        Of more than MOST_UNDER_WAY the rest ring on: whoever announces them is not asked to do so again.

        Raises:
            NotConfiguredError: there is no telephone network.
        """
        task = self._begin(incoming, is_passed_on=False)
        if task is None:
            self._switchboard.counts.refused_calls += 1
            log.error(
                "an incoming call is not answered: the network takes no order about the %d before it",
                len(self._under_way),
            )
            return None
        # Others wait for the same answer, and it is given when nobody waits for it any more.
        await asyncio.wait([task], timeout=DELIVERY_S)
        return task.result() if task.done() and not task.cancelled() else None

    def take_passed_on(self, incoming: IncomingCall) -> bool:
        """Answer a call that another worker has no room for, in the background; False if there is none here either."""
        announcement = self._announcement(incoming)
        is_known = announcement in self._under_way or self._switchboard.log.of_announcement(announcement) is not None
        if self._switchboard.network is None or not (is_known or self._new_calls.capacity.left > 0):
            return False
        return self._begin(incoming, is_passed_on=True) is not None

    def _begin(self, incoming: IncomingCall, *, is_passed_on: bool) -> "asyncio.Task[Call | None] | None":
        """Begin the task that deals with an announced call, unless there is one; returns it, None if too many run."""
        announcement = self._announcement(incoming)
        task = self._under_way.get(announcement)
        if task is None and len(self._under_way) < MOST_UNDER_WAY:
            work = self._passed_on if is_passed_on else self._take
            task = asyncio.get_running_loop().create_task(work(announcement, incoming), name="call.answer")
            self._under_way[announcement] = task
            task.add_done_callback(lambda done: self._finished(announcement, done))
        return task

    def _announcement(self, incoming: IncomingCall) -> str:
        """What repeated deliveries of one announcement have in common: its event's id, or the context to answer it by.
        Another leg of the same call has neither.
        """
        announcement = hashlib.sha256(incoming.handle.encode()).hexdigest()
        if not incoming.event_id:
            return announcement
        known = self._of_event.setdefault(incoming.event_id, announcement)
        if len(self._of_event) > EVENT_IDS_KEPT:
            del self._of_event[next(iter(self._of_event))]
        return known

    def _finished(self, announcement: str, task: "asyncio.Task[Call | None]") -> None:
        del self._under_way[announcement]
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, NotConfiguredError):
            log.error("an incoming call could not be dealt with: %s", type(error).__name__)

    async def _take(self, announcement: str, incoming: IncomingCall) -> Call | None:
        control = self._switchboard.control
        known = self._switchboard.log.of_announcement(announcement)
        if known is not None:
            return known if known.call_id else None
        if not await self._new_calls.is_ours(announcement):
            return None
        if reason := self._rejection.reason(incoming):
            await self._rejection.refuse(control, incoming, reason)
            return None
        if self._new_calls.capacity.left <= 0 and await self._new_calls.pass_on(incoming):
            return None
        return await self._answer(announcement, incoming)

    async def _passed_on(self, announcement: str, incoming: IncomingCall) -> Call | None:
        """Answer a call for which another worker has no room, and which it would have answered."""
        known = self._switchboard.log.of_announcement(announcement)
        return known if known is not None else await self._answer(announcement, incoming)

    async def _answer(self, announcement: str, incoming: IncomingCall) -> Call | None:
        control = self._switchboard.control
        if not await self._room():
            await self._rejection.turn_away(control, incoming)
            return None
        call = self._incoming(announcement, incoming)
        task = call.run(self._order(call, incoming))
        if task is not None:
            await asyncio.wait([task])
        if task is not None and task.cancelled() and not call.call_id and call.custody is not Custody.MOVED:
            # The worker ends before the answer was taken: its caller does not ring on for nobody.
            await self._rejection.turn_away(control, incoming)
        return call if call.call_id else None

    def _incoming(self, announcement: str, incoming: IncomingCall) -> Call:
        about, mode = inbound_context(incoming, self._settings.telephony), self._switchboard.carrier.default_mode
        agent = agent_for(about, self._settings, self._agents, self._agents.default_name)
        call = self._new_calls.begin(
            Direction.INBOUND, agent, mode, about.caller, announcement=announcement, about=about
        )
        call.server_call_id = incoming.server_call_id
        call.own_number = incoming.called_number or call.own_number
        call.note("IncomingCall", self._clock.wall())
        return call

    async def _order(self, call: Call, incoming: IncomingCall) -> None:
        """Order the answer until it is taken. Turn the call away if it is refused for good, or nobody lets it ring on.

        A call whose answer was not taken holds no place while it waits for its next order. An order of which nobody
        knows what became may have been carried out: then the call's events or its media socket say so.
        """
        board, loop = self._switchboard, asyncio.get_running_loop()
        addresses = board.carrier.addresses
        until = loop.time() + RINGS_S
        is_gone = False
        for attempt in range(int(RINGS_S / WAITS_S[0])):
            try:
                call_id = await board.control.answer(
                    incoming.handle,
                    addresses.callback(call.secret),
                    addresses.media(call.secret, call.transcribed_in),
                )
            except CallControlError as error:
                self._new_calls.refused(call, "AnswerCallRefused", error)
                call.is_answer_in_doubt = call.is_answer_in_doubt or _may_have_been_done(error)
                pause_s = wait_s(attempt, error)
                again = error.retryable and loop.time() + pause_s < until
                is_gone = error.trouble is Trouble.NOT_FOUND
            else:
                board.taken(call, call_id)
                return
            call.holds_place = False
            if again and await _known_within(call, pause_s):
                return
            if not again or not await self._room():
                break
            call.holds_place = True
        if call.call_id:
            return
        if not call.is_answer_in_doubt:
            board.ended(call, CallState.FAILED)
        # Else its events, its socket, or in the end `RINGING_S` say what it came to: to turn away a call that was
        # answered all the same does nothing.
        if not is_gone:
            await self._rejection.turn_away(board.control, incoming)

    async def _room(self) -> bool:
        """Whether there is room for another call, now or once the loop is in time again."""
        capacity = self._new_calls.capacity
        for _ in range(int(ROOM_S / LOOK_FOR_ROOM_S)):
            try:
                capacity.require()
            except NoCapacityError:
                if capacity.full:
                    return False
            else:
                return True
            await asyncio.sleep(LOOK_FOR_ROOM_S)
        return False


def _may_have_been_done(error: CallControlError) -> bool:
    return error.trouble is Trouble.UNAVAILABLE and not 400 <= error.status < HTTPStatus.INTERNAL_SERVER_ERROR


async def _known_within(call: Call, within_s: float) -> bool:
    """Whether the call's id gets known within that time, by its events or its media socket."""
    try:
        async with asyncio.timeout(within_s):
            await call.known.wait()
    except TimeoutError:
        return bool(call.call_id)
    return True
