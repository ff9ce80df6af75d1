"""One telephone call as this worker knows it: where it stands, who is on it, and what happened to it."""

import asyncio
import math
from collections.abc import Callable, Coroutine, Iterable
from enum import Enum, StrEnum, auto
from typing import Any

from actors.agent import Agent
from actors.messages.caller import CallOrderFailed
from actors.runtime.session_trace import current_traceparent
from actors.session_context import ON_THE_TELEPHONE, SessionContext
from app.one_shot_event import OneShotEvent
from app.telephony.call_participants import CallParticipants
from app.telephony.call_progress import CallProgress
from app.telephony.hang_up import HangUpOrder
from app.telephony.media.dtmf import DtmfPresses
from app.telephony.media.media_connection import MediaConnection
from app.telephony.orders import Orders
from app.telephony.resumption import Resumption
from app.telephony.seen_events import SeenEvents
from app.telephony.transfer.consult import Consult
from protocol.browser import timestamp
from protocol.calls import CallEvent, CallState, CallStatus

EVENTS_KEPT = 200
NOTICES_KEPT = 8


class Direction(StrEnum):
    """Whether the caller rang us or we placed the call."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Admission(Enum):
    """Whether the conversation of a call may open."""

    AWAITS_CODE = auto()
    """The access code is asked for by a session of its own, which comes first."""
    CODE_GIVEN = auto()
    """The caller has keyed in the access code, and the session that asked for it has not ended yet."""
    ADMITTED = auto()
    """No access code is required, or the caller has given it."""


class Custody(Enum):
    """Who has a call, and gives the orders in it."""

    HERE = auto()
    """This worker has the call."""
    TRANSFERRED = auto()
    """The call was transferred: the other party on the telephone ends it."""
    JOINED = auto()
    """Another person was added with whom the caller talks: this server may only leave the call, and not end it."""
    MOVED = auto()
    """Another worker has the call: this one gives no orders in it and is told nothing about it."""


class Call:
    """The state of one telephone call. Belongs to the loop's thread.

    Args:
        secret: what the URLs of its callbacks and media sockets carry.
        session_id: the id of its conversation.
        direction: who has called whom.
        agent: the agent who speaks.
        mode: the name of the mode of its conversation.
        caller: the person's number in E.164, or the network's own id of somebody without one.
        created_at: when it began, in seconds since the epoch.
        announcement: what repeated announcements of a call that comes in have in common.
        about: what is known of it as a conversation.
    """

    # What `__init__` sets is kept in slots: with more than thirty attributes in its dictionary, a call would have no
    # part in the keys that the dictionaries of all calls share, and take 1.3 kB more.
    __slots__ = (
        "__dict__",
        "__weakref__",
        "_tasks",
        "_timers",
        "about",
        "admission",
        "agent",
        "announcement",
        "caller",
        "created_at",
        "direction",
        "dtmf",
        "events",
        "hang_up_order",
        "known",
        "mode",
        "on_change",
        "orders",
        "over",
        "owed_notices",
        "participants",
        "progress",
        "resumption",
        "secret",
        "seen_events",
        "session_id",
        "traceparent",
    )

    call_id = ""
    """The telephone network's id of the call; empty while it is not known."""
    server_call_id = ""
    """The network's id that all legs of the call share; empty while it is not known."""
    own_number = ""
    """The number on our side, which was called or which the call was placed from, in E.164; empty if there is none."""
    transcribed_in = ""
    """The language in which the network transcribes the call by itself; empty where its audio is streamed."""
    custody = Custody.HERE
    is_media_lost = False
    """Whether the network has failed to open its media socket before it was connected."""
    stream_stops = 0
    """How often the network was ordered to close a media socket that it had open and that seemed dead."""
    stream_stopped_at = -math.inf
    """When that was ordered last, on the loop's clock."""
    holds_place = True
    """Whether the call counts as a session for the capacity although its session has not begun."""
    told_of = False
    """Whether any callback of the call has come."""
    connection: MediaConnection | None = None
    open_session: Callable[[], object] | None = None
    """Starts the call's next session on its media socket; None while there is no socket."""
    consult: Consult | None = None
    """The consultation for which the call was placed: it asks a person whether they take the caller of another call.
    None for any other call."""
    is_consulting: bool = False
    """Whether a person is being asked whether they take the caller of this call."""
    is_end_told: bool = False
    """Whether the network has reported that the call has ended or did not come about."""
    is_answer_in_doubt: bool = False
    """Whether nobody knows what became of an order to answer the call. If it was carried out, one that was given after
    it fails."""

    def __init__(
        self,
        *,
        secret: str,
        session_id: str,
        direction: Direction,
        agent: Agent,
        mode: str,
        caller: str,
        created_at: float,
        announcement: str = "",
        about: SessionContext = ON_THE_TELEPHONE,
    ) -> None:
        self.secret = secret
        self.session_id = session_id
        self.admission = Admission.AWAITS_CODE
        self.direction = direction
        self.agent = agent
        self.mode = mode
        self.caller = caller
        self.created_at = created_at
        self.announcement = announcement
        self.about = about
        self.traceparent = current_traceparent()
        """The W3C trace context of the request that the call began with."""
        self.progress = CallProgress(CallState.RINGING if direction is Direction.INBOUND else CallState.INITIATING)
        self.known = OneShotEvent()
        """Set once `call_id` is."""
        self.over = OneShotEvent()
        """Set once the call has ended, or another worker has it."""
        self.events: list[CallEvent] = []
        """What happened to it, the latest last; `EVENTS_KEPT` of them."""
        self.seen_events = SeenEvents()
        self.participants = CallParticipants()
        self.resumption = Resumption()
        self.hang_up_order = HangUpOrder()
        self.orders = Orders()
        self.orders.on_change = self._orders_changed
        self.dtmf = DtmfPresses()
        self.owed_notices: list[CallOrderFailed] = []
        """Orders that have failed while the call had no session, the latest `NOTICES_KEPT`: its next one is told."""
        self.on_change: Callable[[Call], None] = lambda call: None
        """Called when the call's id becomes known, at each new state of the call, and when the outcome of an order is
        known."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: list[asyncio.TimerHandle] = []

    def _orders_changed(self) -> None:
        self.on_change(self)

    @property
    def admitted(self) -> bool:
        """Whether the conversation may open."""
        return self.admission is Admission.ADMITTED

    def hand_to(self, custody: Custody) -> bool:
        """Change who has the custody of the call; returns whether it changed. A call that another worker has stays with
        it.
        """
        if custody is self.custody or self.custody is Custody.MOVED:
            return False
        self.custody = custody
        return True

    def run(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
        """Run `work` as a task that is cancelled when the call ends; None if it has ended."""
        if self.over.is_set():
            work.close()
            return None
        task = asyncio.get_running_loop().create_task(work, name="call")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def run_later(self, delay_s: float, work: "Callable[[Call], None]") -> None:
        """Call `work` with the call in `delay_s` seconds, unless the call has ended by then."""
        if not self.over.is_set():
            self._timers.append(asyncio.get_running_loop().call_later(delay_s, work, self))

    def cancel(self) -> list[asyncio.Task[None]]:
        """Cancel all work that `run` began, except the task that calls this, and all that `run_later` is to begin;
        returns the cancelled tasks.
        """
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        own = asyncio.current_task()
        tasks = [task for task in self._tasks if task is not own]
        for task in tasks:
            task.cancel()
        return tasks

    def note(self, kind: str, at: float, **details: Any) -> None:
        """Write an event into the log of the call; its details carry no content and no numbers."""
        self.add_events([CallEvent(kind, timestamp(at), details)])

    def add_events(self, events: Iterable[CallEvent]) -> None:
        """Write events into the log of the call, as those that another worker has written."""
        self.events.extend(events)
        del self.events[:-EVENTS_KEPT]

    def owe(self, notice: CallOrderFailed) -> None:
        """Keep a notice for the next session of the call."""
        self.owed_notices.append(notice)
        del self.owed_notices[:-NOTICES_KEPT]

    def change_state(self, state: CallState, at: float) -> bool:
        """Change the state of the call; one that is over stays over. Returns whether anything changed."""
        if not self.progress.become(state, at):
            return False
        if self.progress.is_over:
            self.participants.disconnect()
            self.over.set()
        self.on_change(self)
        return True

    @property
    def state(self) -> CallState:
        """The state that the call is in."""
        return self.progress.state

    @property
    def up(self) -> bool:
        """Whether the call is connected, be the caller on hold or not."""
        return self.progress.is_up

    async def transfer_settled(self) -> None:
        """Wait until the transfer that is under way, if any, was accepted or has failed."""
        while (transfer := self.orders.transferring) is not None:
            await asyncio.wait([transfer])

    def identify(self, call_id: str) -> bool:
        """Learn the call's id, from whoever says it first; whether `call_id` is this call's."""
        if not self.call_id and call_id:
            self.call_id = call_id
            self.known.set()
            self.on_change(self)
        return self.is_known_as(call_id)

    def is_known_as(self, call_id: str) -> bool:
        """Whether `call_id` is this call's, in whatever case its letters are: the network's ids are GUIDs."""
        return bool(call_id) and self.call_id.lower() == call_id.lower()

    def shows_as(self, call_id: str) -> bool:
        """Learn the call's id from what shows that it is connected; whether `call_id` is this call's.

        Of several orders to answer it, one was carried out: not always the one whose answer named the call first.
        """
        if call_id and self.is_answer_in_doubt and not self.progress.was_connected and not self.over.is_set():
            self.call_id = ""
        return self.identify(call_id)

    def status(self, at: float) -> CallStatus:
        """The call as it is shown; `duration` counts from the connection."""
        return CallStatus(
            call_id=self.call_id,
            status=self.state,
            duration=self.progress.duration_s(at),
            participants=tuple(self.participants),
            events=tuple(self.events),
        )
