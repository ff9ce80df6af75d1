"""A call as the checkpoint that another worker goes on from, and back; and the port to where workers share them."""

from typing import Protocol

import msgspec

from actors.session.modes.registry import mode_named
from actors.session_context import SessionContext
from app.agents.roster import AgentRoster
from app.telephony.call import Admission, Call, Custody, Direction
from app.telephony.continuity.call_checkpoints import CallCheckpoint


class SharedCalls(Protocol):
    """Where the workers of all machines keep their calls."""

    worker: str
    """The id of this worker"""

    def keep(self, record: CallCheckpoint) -> None:
        """Keep the checkpoint of a call of this worker, as it stands; never waits."""
        ...

    def drop(self, secret: str, call_id: str) -> None:
        """Forget a call of this worker that is over; never waits."""
        ...

    async def secret_of(self, call_id: str) -> str:
        """The secret of the call with this id; empty if there is none.

        Raises:
            StoreError: it cannot be found out.
        """
        ...

    async def owner(self, secret: str) -> str:
        """The id of the worker that has the call with this secret; empty if none has.

        Raises:
            StoreError: it cannot be found out.
        """
        ...

    async def take_orphan(self, secret: str, former: str) -> bool:
        """Take a call whose worker `former` has died; returns whether this worker has it, and not another one.

        Raises:
            StoreError: it cannot be found out.
        """
        ...


def record_of_call(call: Call, worker: str = "") -> CallCheckpoint:
    """All that another worker needs to know of a call; `worker` is the id of this one."""
    return CallCheckpoint(
        secret=call.secret,
        session_id=call.session_id,
        direction=call.direction.value,
        agent=call.agent.name,
        mode=call.mode,
        created_at=call.created_at,
        caller=call.caller,
        about=msgspec.to_builtins(call.about),
        call_id=call.call_id,
        server_call_id=call.server_call_id,
        own_number=call.own_number,
        conversation=call.resumption.conversation,
        admitted=call.admitted,
        worker=worker,
        state=call.state,
        connected_at=call.progress.connected_at,
        participants=tuple(call.participants),
        events=tuple(call.events),
        recording=call.orders.recording,
        recording_paused=call.orders.is_recording_paused,
        orders=call.orders.unsettled,
        is_joined=call.custody is Custody.JOINED,
    )


def call_of_record(record: CallCheckpoint, agents: AgentRoster) -> Call:
    """The call of a record, as it stood.

    Raises:
        ValueError: the checkpoint cannot be used.
    """
    call = Call(
        secret=record.secret,
        session_id=record.session_id,
        direction=Direction(record.direction),
        agent=agents.get(record.agent) or agents.default,
        mode=mode_named(record.mode).name,
        caller=record.caller,
        created_at=record.created_at,
        about=msgspec.convert(record.about, SessionContext),
    )
    call.resumption.conversation = record.conversation
    call.admission = Admission.ADMITTED if record.admitted else Admission.AWAITS_CODE
    call.server_call_id = record.server_call_id
    call.own_number = record.own_number
    call.add_events(record.events)
    call.participants.restore(record.participants)
    if record.recording:
        call.orders.restore_recording(record.recording, paused=record.recording_paused)
    return call
