"""Calls outlive their worker: this tells the launcher of those that are up, and takes over those of a worker that died.

A call that nobody has, since the record of it is lost as well, is hung up: its caller would hear nothing.
"""

import asyncio
import logging
from collections import OrderedDict
from contextlib import suppress

import msgspec

from actors.agent import Agent
from actors.conversation import SessionRecord
from actors.session.checkpoint import Checkpoint
from actors.session.modes.registry import mode_named
from actors.session_context import SessionContext
from app.server.worker_bus import WorkerBusError
from app.server.worker_pipe import WorkerNotice
from app.services import Services
from app.telephony.call import Call, Direction
from app.telephony.call_records import KEPT, ORPHANED, OVER, CallRecord, record_of
from app.telephony.hang_up import hang_up
from app.telephony.switchboard import Switchboard

log = logging.getLogger(__name__)

SOON_KNOWN_S = 1.0
"""A call that nobody seems to have may be handed over within this time."""
LOAD_S = 0.8
"""A checkpoint that the store has not given by then is gone on without."""
ABANDONED_KEPT = 1_000
"""Calls that nobody has and that are remembered, so that each is hung up once."""


class TakeOver:
    """Of one worker; belongs to the loop's thread."""

    def __init__(self, service: Services, switchboard: Switchboard) -> None:
        self._service = service
        self._switchboard = switchboard
        self._changed: dict[str, Call] = {}
        self._telling = False
        self._told: dict[str, CallRecord] = {}
        self._abandoned: OrderedDict[str, None] = OrderedDict()
        switchboard.call_changed = self._call_changed
        switchboard.nobody_has = self._nobody_has
        service.on_session_saved(self._saved)
        service.lifecycle.worker_bus.on_notice(self._hear)

    # what the launcher is told

    def _call_changed(self, call: Call) -> None:
        if self._switchboard.network is None:
            return
        self._changed[call.secret] = call
        if not self._telling:
            self._telling = True
            self._service.background.run(self._tell_changes())

    def _saved(self, record: SessionRecord) -> None:
        call = self._switchboard.log.of_session(record.session_id)
        if call is not None and call.admitted:
            call.conversation = record
            self._call_changed(call)

    async def _tell_changes(self) -> None:
        try:
            while self._changed:
                call = self._changed.pop(next(iter(self._changed)))
                await self._tell_change(call)
        finally:
            self._telling = False

    async def _tell_change(self, call: Call) -> None:
        record = _record_of(call)
        if call.over.is_set():
            topic, fields = OVER, {"secret": call.secret}
            self._told.pop(call.secret, None)
        elif record != self._told.get(call.secret):
            topic, fields = KEPT, record.fields()
            self._told[call.secret] = record
        else:
            return
        try:
            await self._service.lifecycle.worker_bus.tell(topic, fields)
        except WorkerBusError as error:
            log.warning("a call would be lost with this worker: %s", error, extra={"call": call.call_id})

    # calls of a worker that died

    def _hear(self, notice: WorkerNotice) -> None:
        if notice.topic != ORPHANED or self._switchboard.network is None:
            return
        try:
            record = record_of(notice.fields)
        except ValueError as error:
            log.warning("a call cannot be taken over: %s", error)
            return
        self._service.background.run(self._take_over(record))

    async def _take_over(self, record: CallRecord) -> None:
        checkpoint = await self._checkpoint(record)
        if self._switchboard.log.of_secret(record.secret) is not None:
            return
        service = self._service
        agent = service.agents.get(record.agent) or service.agents[service.default_agent]
        call = Call(
            secret=record.secret,
            session_id=record.session_id,
            direction=Direction(record.direction),
            agent=agent,
            mode=mode_named(record.mode).name,
            caller=record.caller,
            created_at=record.created_at,
            about=msgspec.convert(record.about, SessionContext),
        )
        call.taken_over = True
        call.conversation, call.checkpoint = record.conversation, checkpoint
        call.admitted = record.admitted
        call.server_call_id = record.server_call_id
        call.own_number = record.own_number
        self._switchboard.enlist(call)
        call.note("TakenOver", service.clock.wall())
        if record.call_id:
            call.identify(record.call_id)
            log.warning("a call is taken over from a worker that died", extra={"call": call.call_id})
            self._switchboard.media_lost(call, at_once=True)

    async def _checkpoint(self, record: CallRecord) -> Checkpoint | None:
        """What the session of the call goes on from, if a shared store has it and answers in time."""
        checkpoints, former = self._service.checkpoints, record.conversation
        if checkpoints is None or former is None or not record.admitted:
            return None
        with suppress(TimeoutError):
            async with asyncio.timeout(LOAD_S):
                checkpoint = await checkpoints.load(former)
                if checkpoint is not None:
                    checkpoint.caller_audio_lost(greets_idle=True)
                return checkpoint
        return None

    # calls that nobody has

    def _nobody_has(self, call_id: str) -> None:
        """The network has shown that a call is up of which there is no record: hang it up, once."""
        if not call_id or self._switchboard.network is None or call_id in self._abandoned:
            return
        self._abandoned[call_id] = None
        if len(self._abandoned) > ABANDONED_KEPT:
            self._abandoned.popitem(last=False)
        self._service.background.run(self._hang_up_abandoned(call_id))

    async def _hang_up_abandoned(self, call_id: str) -> None:
        await asyncio.sleep(SOON_KNOWN_S)
        if self._switchboard.log.of_id(call_id) is None:
            log.warning("a call that nobody has is hung up", extra={"call": call_id})
            await hang_up(self._switchboard.control, call_id)


def taking_over(agent: Agent) -> Agent:
    """`agent` as it greets a caller who was cut off."""
    return msgspec.structs.replace(agent, greeting=agent.phrases.cut_off)


def _record_of(call: Call) -> CallRecord:
    return CallRecord(
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
        conversation=call.conversation,
        admitted=call.admitted,
    )
