"""Calls outlive their worker: this tells the launcher of those that are up, and takes over those of a worker that died.

A call that nobody has, since the record of it is lost as well, is hung up: its caller would hear nothing.
"""

import asyncio
import logging
from collections import OrderedDict
from contextlib import suppress
from typing import Any

import msgspec

from actors.agent import Agent
from actors.conversation import SessionRecord
from actors.errors import StoreError
from actors.ports.clock import Clock
from actors.runtime.background_tasks import BackgroundTasks
from actors.session.checkpoint import Checkpoint
from app.agents.roster import AgentRoster
from app.cluster.checkpoints import CheckpointKeeper
from app.observers import Observers
from app.server.processes.worker_bus import ServerEndingError, WorkerBus, WorkerBusError
from app.server.processes.worker_pipe import WorkerNotice
from app.telephony.call import Call, Custody
from app.telephony.call_orders import CallOrders
from app.telephony.continuity.call_checkpoints import KEPT, ORPHANED, OVER, CallCheckpoint, record_of
from app.telephony.continuity.shared_calls import SharedCalls, call_of_record, record_of_call
from app.telephony.hang_up import HangUp, hang_up
from app.telephony.hold import LOOK_AGAIN_S, look_again, look_at_participants
from app.telephony.network_state import DISCONNECTED, transferred
from app.telephony.new_calls import NewCalls
from app.telephony.switchboard import Switchboard
from app.telephony.transfer.consult import is_consult

log = logging.getLogger(__name__)

SOON_KNOWN_S = 5.0
"""Seconds for which a call that nobody seems to have is left alone: the launcher may hand it over, or a busy worker
tell of it."""
LOAD_S = 0.8
"""Seconds for which the store is asked for a checkpoint; after that the session begins without it."""
ABANDONED_KEPT = 1_000
"""Calls that nobody has and that are remembered, so that each is hung up once."""


class TakeOver:
    """Tells of the calls of one worker, and takes over those of others. Belongs to the loop's thread.

    Args:
        worker_bus: leads to the launcher, which keeps what it is told of calls, and hands over those of dead workers.
        clock: times of calls.
        background: runs what nobody waits for.
        agents: all agents, by name.
        session_saved: tells of each record of a session that was saved.
        checkpoints: what sessions of other workers go on from; None where workers share no store.
        new_calls: begins calls.
        switchboard: has the calls of this worker.
    """

    def __init__(
        self,
        *,
        worker_bus: WorkerBus,
        clock: Clock,
        background: BackgroundTasks,
        agents: AgentRoster,
        session_saved: Observers[SessionRecord],
        checkpoints: CheckpointKeeper | None,
        new_calls: NewCalls,
        switchboard: Switchboard,
    ) -> None:
        self._checkpoints = checkpoints
        self._worker_bus = worker_bus
        self._clock = clock
        self._background = background
        self._agents = agents
        self._new_calls = new_calls
        self._switchboard = switchboard
        self._changed: dict[str, Call] = {}
        self._telling = False
        self._told: dict[str, CallCheckpoint] = {}
        self._abandoned: OrderedDict[str, None] = OrderedDict()
        self.shared: SharedCalls | None = None
        """The calls that the workers of all machines share; None if there are only those of this server"""
        switchboard.call_changed = self._call_changed
        switchboard.nobody_has = self._hang_up_unknown
        session_saved.add(self._saved)
        worker_bus.on_notice(self._hear)

    # what the launcher is told

    def _call_changed(self, call: Call) -> None:
        if self._switchboard.network is None:
            return
        self._changed[call.secret] = call
        if not self._telling:
            self._telling = True
            self._background.run(self._tell_changes())

    def _saved(self, record: SessionRecord) -> None:
        call = self._switchboard.log.of_session(record.session_id)
        if call is not None and call.admitted:
            call.resumption.conversation = record
            self._call_changed(call)

    async def _tell_changes(self) -> None:
        try:
            while self._changed:
                call = self._changed.pop(next(iter(self._changed)))
                await self._tell_change(call)
        finally:
            self._telling = False

    def tell_all(self) -> None:
        """Tell of every call anew: what was told before may be lost, or another worker may have one meanwhile."""
        self._told.clear()
        for call in self._switchboard.log.live:
            self._call_changed(call)

    async def _tell_change(self, call: Call) -> None:
        if call.custody is Custody.MOVED:
            return
        record = record_of_call(call, self.shared.worker if self.shared is not None else "")
        if self.shared is not None:
            self._share(call, record)
        if call.over.is_set():
            topic, fields = OVER, {"secret": call.secret}
            self._told.pop(call.secret, None)
        elif record != self._told.get(call.secret):
            topic, fields = KEPT, record.fields()
            self._told[call.secret] = record
        else:
            return
        await self._tell(topic, fields, call.call_id)

    async def _tell(self, topic: str, fields: dict[str, Any], call_id: str) -> None:
        try:
            await self._worker_bus.tell(topic, fields)
        except ServerEndingError:
            # Its calls end with it, or another machine goes on with them.
            return
        except WorkerBusError as error:
            log.warning("a call would be lost with this worker: %s", error, extra={"call": call_id})

    # calls of a worker that died

    def _hear(self, notice: WorkerNotice) -> None:
        if notice.topic != ORPHANED or self._switchboard.network is None:
            return
        try:
            record = record_of(notice.fields)
        except ValueError as error:
            log.warning("a call cannot be taken over: %s", error)
            return
        self._background.run(self._take_orphan(record))

    def _share(self, call: Call, record: CallCheckpoint) -> None:
        """Tell the workers of all machines how a call stands."""
        assert self.shared is not None
        if call.over.is_set():
            self.shared.drop(call.secret, call.call_id)
        elif record != self._told.get(call.secret):
            self.shared.keep(record)

    async def _take_orphan(self, record: CallCheckpoint) -> None:
        """Take a call over that the launcher hands to this worker, unless a worker elsewhere has it by now."""
        if self.shared is not None and record.worker:
            with suppress(StoreError):
                if not await self.shared.take_orphan(record.secret, record.worker):
                    await self._tell(OVER, {"secret": record.secret}, record.call_id)
                    return
        await self.take_over(record, await self.checkpoint_of(record))

    async def take_over(
        self, record: CallCheckpoint, checkpoint: Checkpoint | None, *, is_cut_off: bool = True
    ) -> None:
        """Have a call of another worker from now on.

        Args:
            record: the call as it stood.
            checkpoint: what its session goes on from; None: its conversation as it was stored, or a new one.
            is_cut_off: its worker has died, so that its media socket has to be asked for; else one has come here.
        """
        if self._switchboard.log.of_secret(record.secret) is not None:
            return
        if record.is_joined or is_consult(record.secret):
            await self.give_up(record)
            await self._tell(OVER, {"secret": record.secret}, record.call_id)
            return
        try:
            call = call_of_record(record, self._agents)
        except ValueError as error:
            log.warning("a call cannot be taken over: %s", error, extra={"call": record.call_id})
            await self.give_up(record)
            return
        # A record in a file names no numbers.
        call.own_number = call.own_number or self._switchboard.carrier.source_number
        _stand_as_before(call, record, checkpoint, is_cut_off=is_cut_off)
        orders = CallOrders(self._switchboard, call)
        for given in record.orders:
            orders.go_on(given)
        self._new_calls.enlist(call)
        call.note("TakenOver" if is_cut_off else "Moved", self._clock.wall())
        if record.call_id:
            call.identify(record.call_id)
        if record.call_id and is_cut_off:
            log.warning("a call is taken over from a worker that died", extra={"call": call.call_id})
            # What has changed since then was told to the worker that died: whoever is on hold is not prompted, and
            # whoever is back is talked to.
            # Its caller, who hears nothing, waits for that only where nothing is known of who is on the call.
            is_known = bool(record.participants)
            if is_known or not await look_at_participants(self._switchboard, call, since_updates=0):
                waits_s = (0.0, *LOOK_AGAIN_S) if is_known else LOOK_AGAIN_S
                call.run(look_again(self._switchboard, call, since_updates=0, waits_s=waits_s))
            self._switchboard.media_lost(call, at_once=True)

    async def give_up(self, record: CallCheckpoint) -> None:
        """Hang up a call of a worker that died which nobody can go on with; leave it, if people talk in it."""
        if record.call_id and self._switchboard.network is not None:
            done = "left to those who talk in it" if record.is_joined else "hung up"
            log.error("a call is %s: no worker can take it over", done, extra={"call": record.call_id})
            await hang_up(self._switchboard.network, record.call_id, leaves=record.is_joined)
        if self.shared is not None:
            self.shared.drop(record.secret, record.call_id)

    async def checkpoint_of(self, record: CallCheckpoint) -> Checkpoint | None:
        """What the session of the call goes on from, if a shared store has it and answers in time."""
        if self._checkpoints is None or not record.admitted:
            return None
        with suppress(TimeoutError):
            async with asyncio.timeout(LOAD_S):
                # Its first record may not have been written yet, as while its caller is answered for the first time.
                checkpoint = await self._checkpoints.load(record.session_id, record.conversation)
                if checkpoint is not None:
                    checkpoint.caller_audio_lost(greets_idle=True)
                return checkpoint
        return None

    # calls that nobody has

    def _hang_up_unknown(self, call_id: str) -> None:
        """Hang up, once, a call of which there is no record, and which is up according to the network."""
        if not call_id or self._switchboard.network is None or call_id in self._abandoned:
            return
        self._abandoned[call_id] = None
        if len(self._abandoned) > ABANDONED_KEPT:
            self._abandoned.popitem(last=False)
        self._background.run(self._hang_up_abandoned(call_id))

    async def _hang_up_abandoned(self, call_id: str) -> None:
        await asyncio.sleep(SOON_KNOWN_S)
        if await self._is_known_elsewhere(call_id):
            return
        control = self._switchboard.control
        # Its worker may have begun to put the caller through to somebody.
        if self._switchboard.log.of_id(call_id) is not None or await transferred(control, call_id) == DISCONNECTED:
            return
        log.warning("a call that nobody has is hung up", extra={"call": call_id})
        if await hang_up(control, call_id) is HangUp.NOT_TAKEN:
            # It is hung up when the network tells of it once more.
            self._abandoned.pop(call_id, None)

    async def _is_known_elsewhere(self, call_id: str) -> bool:
        """Whether a worker on whatever machine has the call, or may have it, since nobody can be asked."""
        if self.shared is None:
            return False
        try:
            secret = await self.shared.secret_of(call_id)
            return bool(secret and await self.shared.owner(secret))
        except StoreError:
            return True


def _stand_as_before(call: Call, record: CallCheckpoint, checkpoint: Checkpoint | None, *, is_cut_off: bool) -> None:
    """Have a call and its next session go on from where they stood at the other worker."""
    call.resumption.checkpoint = checkpoint
    had_talked = record.conversation is not None
    if is_cut_off:
        # A caller whose call was not picked up yet is greeted as always.
        call.resumption.taken_over = had_talked or record.connected_at is not None
        call.progress.connected_before = record.connected_at
    else:
        call.resumption.taken_over = checkpoint is None and had_talked
        call.progress.state, call.progress.connected_at = record.state, record.connected_at


def taking_over(agent: Agent) -> Agent:
    """`agent` as it greets a caller who was cut off."""
    spoken = {
        language: msgspec.structs.replace(own, greeting=own.phrases.cut_off)
        for language, own in agent.in_language.items()
    }
    return msgspec.structs.replace(agent, greeting=agent.phrases.cut_off, in_language=spoken)
