"""One telephone call as this worker knows it: where it stands, who is on it, and what happened to it."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from enum import StrEnum
from typing import Any

from actors.agent import Agent
from actors.conversation import SessionRecord
from actors.runtime.session_trace import current_traceparent
from actors.session.checkpoint import Checkpoint
from actors.session_context import ON_THE_TELEPHONE, SessionContext
from app.telephony.dtmf import DtmfPresses
from app.telephony.errors import CallControlError
from app.telephony.media_connection import MediaConnection
from app.telephony.orders import Orders
from protocol.browser import timestamp
from protocol.calls import CallEvent, CallState, CallStatus, Participant

EVENTS_KEPT = 200
EVENT_IDS_KEPT = 256
"""Events that are remembered, since each may be told more than once."""

OVER = (CallState.DISCONNECTED, CallState.FAILED)


class Direction(StrEnum):
    """Whether the caller rang us or we placed the call."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Call:
    """Belongs to the loop's thread. `call_id` is the telephone network's id of the call, empty until it is known."""

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
        self.direction = direction
        self.agent = agent
        self.mode = mode
        self.caller = caller
        """The person's number in E.164, or the network's own id of somebody without one."""
        self.created_at = created_at
        self.announcement = announcement
        """What repeated announcements of a call that comes in have in common."""
        self.about = about
        self.call_id = ""
        self.known = asyncio.Event()
        """Set once `call_id` is."""
        self.own_number = ""
        """The number that was called, or that the call was placed from; in E.164, empty if there is none."""
        self.traceparent = current_traceparent()
        """The W3C trace context of the request that the call began with."""
        self.holds_place = True
        """Its session is expected: the call counts as one although it has none yet."""
        self.server_call_id = ""
        self.state = CallState.RINGING if direction is Direction.INBOUND else CallState.INITIATING
        self.connected_at: float | None = None
        self.ended_at: float | None = None
        self.events: deque[CallEvent] = deque(maxlen=EVENTS_KEPT)
        self.participants: dict[str, Participant] = {}
        self.orders = Orders()
        self.dtmf = DtmfPresses()
        self.transcribed_in = ""
        """The language in which the network transcribes the call by itself; empty where its audio is streamed."""
        self.admitted = False
        """The conversation may open: no access code is asked for, or it was given."""
        self.code_given = False
        self.connection: MediaConnection | None = None
        self.open_session: Callable[[], object] | None = None
        """Starts the call's next session on its media socket; None while there is no socket."""
        self.transferred = False
        """Somebody else has the caller: to hang up is theirs."""
        self.hanging_up: asyncio.Task[None] | None = None
        self.taken_over = False
        """It was another worker's, which died: the caller was cut off."""
        self.conversation: SessionRecord | None = None
        """Its session as it was stored last"""
        self.checkpoint: Checkpoint | None = None
        """What its session goes on from that was another worker's."""
        self.on_change: Callable[[Call], None] = lambda call: None
        """Told when the call's id gets known, and of each new state."""
        self.over = asyncio.Event()
        self.left = False
        """Another worker has the call: nothing is ordered here any more, nor told of it."""
        self.told_of = False
        """Whether any callback of the call has come."""
        self.refusal: CallControlError | None = None
        """Why the network has not taken the order to hang up, the last time that it was given."""
        self._participants_sequence = -1
        self._event_ids: dict[str, None] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def run(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
        """Run `work` as a task that is cancelled when the call ends; None if it has ended."""
        if self.over.is_set():
            work.close()
            return None
        task = asyncio.get_running_loop().create_task(work, name="call")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def cancel(self) -> list[asyncio.Task[None]]:
        """Cancel all work that `run` began, except the task that calls this; returns the cancelled tasks."""
        own = asyncio.current_task()
        tasks = [task for task in self._tasks if task is not own]
        for task in tasks:
            task.cancel()
        return tasks

    def knows(self, event_id: str) -> bool:
        """Whether an event of that id has come before; one without an id has not."""
        if not event_id or event_id in self._event_ids:
            return bool(event_id)
        self._event_ids[event_id] = None
        if len(self._event_ids) > EVENT_IDS_KEPT:
            del self._event_ids[next(iter(self._event_ids))]
        return False

    def note(self, kind: str, at: float, **details: Any) -> None:
        """Write into the log what happened; details carry no content and no numbers."""
        self.events.append(CallEvent(kind, timestamp(at), details))

    def note_refusal(self, error: CallControlError) -> None:
        """The network has not taken the order to hang up."""
        self.refusal = error

    def became(self, state: CallState, at: float) -> bool:
        """Take the next state; a call that is over stays over. Whether anything changed."""
        if self.state in OVER or state is self.state:
            return False
        self.state = state
        if state is CallState.CONNECTED and self.connected_at is None:
            self.connected_at = at
        if state in OVER:
            self.ended_at = at
            self.participants = {
                key: Participant(id=p.id, phone_number=p.phone_number, role=p.role, status="disconnected")
                for key, p in self.participants.items()
            }
            self.over.set()
        self.on_change(self)
        return True

    @property
    def up(self) -> bool:
        """Whether the call is connected, be the caller on hold or not."""
        return self.state in (CallState.CONNECTED, CallState.ON_HOLD)

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
        return bool(call_id) and self.call_id == call_id

    def update_participants(self, sequence_number: int, participants: Iterable[Participant]) -> None:
        """Take who is on the call now; updates may come late, and their sequence numbers skip."""
        if sequence_number < self._participants_sequence:
            return
        self._participants_sequence = sequence_number
        self.participants = {participant.id: participant for participant in participants}

    @property
    def caller_on_hold(self) -> bool:
        """Whether the caller is on hold; where nobody is known to be the caller, whether anybody is."""
        present = self.participants.values()
        callers = [participant for participant in present if participant.role == "person"] or list(present)
        return any(participant.status == "on_hold" for participant in callers)

    def is_other(self, participant_id: str) -> bool:
        """Whether the network has said that somebody of that id is on the call, and is not the caller."""
        known = self.participants.get(participant_id)
        return (
            known is not None
            and known.role != "person"
            and any(participant.role == "person" for participant in self.participants.values())
        )

    def status(self, at: float) -> CallStatus:
        """The call as it is shown; `duration` counts from the connection."""
        ended = self.ended_at if self.ended_at is not None else at
        duration = None if self.connected_at is None else round(max(0.0, ended - self.connected_at), 3)
        return CallStatus(
            call_id=self.call_id,
            status=self.state,
            duration=duration,
            participants=tuple(self.participants.values()),
            events=tuple(self.events),
        )
