"""Moves a call to the worker that its media socket came to: the telephone network chooses where it connects.

So no audio ever passes from one worker to another. The former owner, if it is still alive, answers with the call as it
stands at that moment; if it does not answer, the call goes on from the last checkpoint that it stored.
"""

import asyncio
import logging
from contextlib import suppress

import msgspec

from actors.errors import StoreError
from actors.ports.clock import Clock
from actors.session.checkpoint import Checkpoint
from actors.session.checkpoint_transfer import decode, encode
from app.cluster.call_directory import CallDirectory, TakenCall
from app.cluster.worker import ClusterWorker
from app.cluster.worker_requests import WorkerRequests, WorkerSilentError
from app.telephony.call import Call
from app.telephony.continuity.call_checkpoints import CallCheckpoint
from app.telephony.continuity.shared_calls import record_of_call
from app.telephony.continuity.take_over import TakeOver
from app.telephony.switchboard import Switchboard

log = logging.getLogger(__name__)

RELEASE = "release"
RELEASE_S = 1.0
"""Seconds within which a worker has to give a call away; else it is taken for dead."""
MOST_OWNERS = 3
"""How often the owner of a call is looked up; a call that has another owner each time is left to the last one."""


class Release(msgspec.Struct, frozen=True):
    """Asks a worker to give up a call that another worker has taken from it."""

    secret: str


class Released(msgspec.Struct, frozen=True):
    """The state of a call when its worker gave it up; empty if that worker did not have the call."""

    record: CallCheckpoint | None = None
    checkpoint: bytes | None = None


class CallMoves:
    """Takes over calls whose media sockets come to this worker, and gives up calls that others take. Use it on the
    event loop's thread.
    """

    def __init__(
        self,
        worker: ClusterWorker,
        switchboard: Switchboard,
        take_over: TakeOver,
        directory: CallDirectory,
        requests: WorkerRequests,
    ) -> None:
        self._here = worker
        self._switchboard = switchboard
        self._take_over = take_over
        self._directory = directory
        self._requests = requests
        self._under_way: dict[str, asyncio.Event] = {}
        """The calls that are being moved here, by secret; the event is set when the call has arrived."""
        requests.on(RELEASE, self._release)

    async def settled(self) -> None:
        """Wait until every call that is being moved to this worker has arrived. The worker must have stopped taking
        calls.
        """
        while self._under_way:
            await next(iter(self._under_way.values())).wait()

    def ask_for_audio(self, secret: str) -> None:
        """Have the telephone network open a media socket to this worker, which has taken the call from one that is
        ending.
        """
        call = self._switchboard.log.of_secret(secret)
        if call is not None and call.call_id:
            self._switchboard.media_lost(call, at_once=True)

    async def is_found(self, secret: str) -> bool:
        """Whether a worker that is asked to take the call with this secret finds it; False, too, while Redis cannot be
        used.
        """
        try:
            return bool(await self._directory.owner(secret))
        except StoreError:
            return False

    async def move_here(self, secret: str) -> None:
        """Take the call with this secret over from the worker that has it, if there is one.

        Raises:
            StoreError: it cannot be found out who has it.
        """
        while (arrived := self._under_way.get(secret)) is not None:
            await arrived.wait()
        self._under_way[secret] = arrived = asyncio.Event()
        try:
            await self._move_here(secret)
        finally:
            del self._under_way[secret]
            arrived.set()

    async def _move_here(self, secret: str) -> None:
        for _ in range(MOST_OWNERS):
            owner = await self._directory.owner(secret)
            if not owner or self._switchboard.log.of_secret(secret) is not None:
                return
            taken = await self._directory.take(secret, owner, is_orphan=False)
            if taken is not None:
                await self._go_on(taken, owner)
                return

    async def _go_on(self, taken: TakenCall, owner: str) -> None:
        released = Released()
        if owner != self._directory.worker:
            try:
                asked = msgspec.msgpack.encode(Release(taken.record.secret))
                answer = await self._requests.ask(owner, RELEASE, asked, RELEASE_S)
                released = msgspec.msgpack.decode(answer, type=Released)
            except (WorkerSilentError, msgspec.MsgspecError) as error:
                log.warning(
                    "a call goes on from what was stored of it: %s", error, extra={"call": taken.record.call_id}
                )
        record = released.record or taken.record
        checkpoint = _decoded(released.checkpoint, self._here.clock)
        if released.record is None:
            checkpoint = await self._take_over.checkpoint_of(record)
        await self._take_over.take_over(record, checkpoint, is_cut_off=False)

    async def _release(self, payload: bytes) -> bytes:
        """Give up a call of this worker; one that is still being moved here is given up as soon as it has arrived."""
        asked = msgspec.msgpack.decode(payload, type=Release)
        if (arrived := self._under_way.get(asked.secret)) is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(RELEASE_S):
                    await arrived.wait()
        call = self._switchboard.log.of_secret(asked.secret)
        released = Released()
        if call is not None and not call.over.is_set():
            record = record_of_call(call, self._directory.worker)
            checkpoint = self._checkpoint(call)
            self._switchboard.leave(call)
            released = Released(record, checkpoint)
        return msgspec.msgpack.encode(released)

    def _checkpoint(self, call: Call) -> bytes | None:
        """The checkpoint from which another worker continues the session of a call; None if the call has no session and
        was not to resume one.
        """
        entry, clock = self._here.sessions.live.get(call.session_id), self._here.clock
        if entry is not None and entry.checkpoint.ending is None:
            return encode(entry.checkpoint, clock, entry.tracks.all_voices.end_bytes)
        if call.resumption.checkpoint is not None:
            return encode(call.resumption.checkpoint, clock, call.resumption.checkpoint.track().audio_bytes)
        return None


def _decoded(data: bytes | None, clock: Clock) -> Checkpoint | None:
    if data is None:
        return None
    try:
        checkpoint = decode(data, clock)
    except msgspec.MsgspecError as error:
        log.warning("a checkpoint cannot be read: %s", type(error).__name__)
        return None
    checkpoint.caller_audio_lost(greets_idle=False)
    return checkpoint
