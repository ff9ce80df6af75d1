"""This worker's part in the cluster, which is all workers on all machines that share a Redis."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from actors.errors import StoreError
from app.cluster.call_directory import CallDirectory
from app.cluster.call_moves import CallMoves
from app.cluster.call_passing import RING, CallPassing, answered_by
from app.cluster.hand_over import HandOver
from app.cluster.membership import Membership
from app.cluster.orphans import Orphans
from app.cluster.worker import ClusterWorker
from app.cluster.worker_requests import YES, Handle, TakeNotice, WorkerRequests, WorkerSilentError
from app.stores.opening import SharedStore
from app.telephony.continuity.call_checkpoints import CallCheckpoint
from app.telephony.continuity.take_over import TakeOver
from app.telephony.inbound.incoming_call import IncomingCall
from app.telephony.new_calls import NewCalls
from app.telephony.switchboard import Switchboard
from app.telephony.transfer.consult import is_consult

log = logging.getLogger(__name__)

PART = "taking over calls of other workers"
"""The name in readiness of what a worker cannot do, nor the others for it, while Redis refuses it its lease"""

SOON_S = (0.0, 0.1, 0.3, 0.6)
"""Seconds before each look for a call of which nothing is known yet."""

JOIN_S = 2.0
GATHER_S = 1.0
"""Seconds within which a worker has to report for an overview of all workers; else it is left out."""


class Cluster:
    """One worker's part in the cluster. Without Redis it only asks the other workers of this server what they have.

    Belongs to the loop's thread.
    """

    def __init__(
        self, worker: ClusterWorker, new_calls: NewCalls, switchboard: Switchboard, take_over: TakeOver
    ) -> None:
        self._here = worker
        self._new_calls = new_calls
        self._switchboard = switchboard
        self._take_over = take_over
        self.worker = worker.random.token("worker_")
        self.is_running = False
        self._handlers: dict[str, Handle] = {}
        self._takers: dict[str, TakeNotice] = {}
        self._first: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self._tasks: list[asyncio.Task[None]] = []

    def after_start(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Have `work` run in the background once this worker has joined the cluster. Call it before `start`."""
        self._first.append(work)

    def on_notice(self, topic: str, take: TakeNotice) -> None:
        """Have `take` called with every notice of other workers about `topic`. Call it before `start`."""
        self._takers[topic] = take

    def on(self, topic: str, handle: Handle) -> None:
        """Have `handle` answer the requests of other workers about `topic`. Call it before `start`."""
        self._handlers[topic] = handle
        self._here.lifecycle.siblings.on(topic, handle)

    def start(self) -> None:
        """Take the lease of this worker, answer the requests of others, and look for workers that have died."""
        store, board = self._here.store, self._switchboard
        if not isinstance(store, SharedStore):
            return
        # The client of Redis is imported only where Redis is configured.
        from app.stores.redis_store import RedisStore

        assert isinstance(store, RedisStore)
        self.requests = WorkerRequests(store.connection, self.worker, self._here.random)
        for topic, handle in self._handlers.items():
            self.requests.on(topic, handle)
        for topic, take in self._takers.items():
            self.requests.on_notice(topic, take)
        self._directory = CallDirectory(store.connection, store.writer, self.worker, self._taken)
        self._moves = CallMoves(self._here, board, self._take_over, self._directory, self.requests)
        self._membership = Membership(store.connection, self.worker, self._renewed)
        self._membership.on_forgotten = self._write_anew
        self._membership.on_refused = lambda error: self._here.lifecycle.report_degradation(PART, error.detail)
        self._passing = CallPassing(
            self._here.lifecycle, self._new_calls, board, store.connection, self.worker, self.requests
        )
        has_room = self._passing.has_room
        self._orphans = Orphans(
            self._membership, self._directory, has_room=has_room, take=self._take, give_up=self._take_over.give_up
        )
        self._take_over.shared = self._directory
        board.is_in_doubt = lambda: self.is_running and not self._membership.holds
        self._new_calls.is_ours, self._new_calls.pass_on = self._is_ours, self._passing.pass_on
        hand_over = HandOver(self._here, board, self._moves, self._membership, self.requests, store.writer)
        hand_over.has_room = has_room
        self._here.draining.hand_over = hand_over.hand_over
        if self._here.claim_check is not None:
            self._here.claim_check.also(self._check_calls)
        self._membership.start()
        self.is_running = True
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(work(), name="cluster.first") for work in self._first]

    async def join(self) -> None:
        """Wait until other workers know this worker and can reach it, for at most JOIN_S seconds: a worker starts
        without Redis, too.
        """
        if not self.is_running:
            return
        try:
            async with asyncio.timeout(JOIN_S):
                await self._membership.renew()
                await self.requests.is_reachable.wait()
        except (TimeoutError, StoreError) as error:
            log.warning("other workers cannot reach this one yet: %s", str(error) or type(error).__name__)

    async def stop(self) -> None:
        """Release the lease, and stop answering and listening to the other workers."""
        if self.is_running:
            self.is_running = False
            for task in self._tasks:
                task.cancel()
            # Calls that are left here are found by other workers when the lease expires.
            await self._membership.stop(gives_back=not self._switchboard.log.live)
            await self.requests.close()

    async def gather(self, topic: str, payload: bytes) -> tuple[list[bytes], int]:
        """The answers of all other workers to a request about `topic`, and how many workers did not answer. Without
        Redis only the other workers of this server are asked.

        Without Redis those are the others of this server: nobody knows of any elsewhere.

        Raises:
            StoreError: it cannot be found out which there are.
        """
        if not self.is_running:
            return await self._here.lifecycle.siblings.gather(topic, payload, GATHER_S)
        others = [worker for worker in await self._membership.live() if worker != self.worker]
        told = await asyncio.gather(
            *(self.requests.ask(worker, topic, payload, GATHER_S) for worker in others), return_exceptions=True
        )
        answers = [each for each in told if isinstance(each, bytes)]
        if faults := [each for each in told if not isinstance(each, bytes | WorkerSilentError)]:
            raise faults[0]
        return answers, len(others) - len(answers)

    async def ask(self, worker: str, topic: str, payload: bytes, within_s: float) -> bytes:
        """Send a request about `topic` to another worker and return its answer. The cluster must be running.

        Raises:
            WorkerSilentError: nothing, within `within_s` seconds.
        """
        return await self.requests.ask(worker, topic, payload, within_s)

    async def tell_all(self, topic: str, payload: bytes) -> None:
        """Send a notice about `topic` to all other workers; without Redis there are none that could be told.

        Raises:
            StoreError: Redis cannot be used, so that some may not be told.
        """
        if self.is_running:
            others = [worker for worker in await self._membership.live() if worker != self.worker]
            await asyncio.gather(*(self.requests.tell(worker, topic, payload) for worker in others))

    async def first_with(self, topic: str, payload: bytes) -> tuple[str, int]:
        """The id of another worker that answers YES about `topic`, empty if none does, and how many did not answer.

        Raises:
            StoreError: it cannot be found out which there are.
        """
        others = [worker for worker in await self._membership.live() if worker != self.worker]

        async def answer_of(worker: str) -> bytes | None:
            try:
                return await self.requests.ask(worker, topic, payload, GATHER_S)
            except WorkerSilentError:
                return None

        answers = await asyncio.gather(*map(answer_of, others))
        found = next((worker for worker, answer in zip(others, answers, strict=True) if answer == YES), "")
        return found, answers.count(None)

    # calls

    def has_call(self, secret: str, call_id: str) -> bool:
        """Whether this worker has a call, live or over, with this secret or this id."""
        log_ = self._switchboard.log
        return (log_.of_secret(secret) if secret else log_.of_id(call_id)) is not None

    async def owner_of_call(self, secret: str, call_id: str) -> str:
        """The id of the worker elsewhere that has a call; empty if this one has it, or none.

        Raises:
            StoreError: it cannot be found out.
        """
        if self.has_call(secret, call_id):
            return ""
        if secret:
            owner = await self._known_soon(secret)
        else:
            secret = await self._directory.secret_of(call_id)
            owner = await self._directory.owner(secret) if secret else ""
        return "" if owner == self.worker else owner

    async def _known_soon(self, secret: str) -> str:
        """The id of the worker that has a call; empty if this one has it, or if nothing is known of it for a second:
        what is known of a new call may be on its way to Redis.
        """
        for wait_s in SOON_S:
            await asyncio.sleep(wait_s)
            if self._switchboard.log.of_secret(secret) is not None:
                return ""
            if owner := await self._directory.owner(secret):
                return owner
        return ""

    async def require_call(self, secret: str) -> bool:
        """Take the call of a media socket over to this worker, if there is one. Returns False if this worker is ending
        or cannot continue the call.

        Raises:
            StoreError: it cannot be found out who has it.
        """
        if await self._known_soon(secret):
            if not self._here.lifecycle.admits():
                return False
            if is_consult(secret):
                # The telephone network is asked for another socket until one reaches the worker that waits for it.
                return self._switchboard.log.of_secret(secret) is not None
            await self._moves.move_here(secret)
        return True

    async def _check_calls(self) -> None:
        """Leave the calls that other workers took while this one stood still; the calls that remain are safe to go on
        with.

        Raises:
            StoreError: it cannot be found out.
        """
        if self.is_running:
            had_ended = not self._membership.holds
            # From here on nobody takes any; what was taken before is known to the directory.
            await self._membership.renew()
            await self._directory.check([call.secret for call in self._switchboard.log.live])
            if had_ended:
                self._lease_had_ended()

    def _taken(self, secret: str) -> None:
        call = self._switchboard.log.of_secret(secret)
        if call is not None:
            log.warning("a call is another worker's by now and is left here", extra={"call": call.call_id})
            self._switchboard.leave(call)

    async def _is_ours(self, announcement: str) -> bool:
        """Whether this worker deals with the announcement of a call, which may be delivered to several."""
        try:
            worker = await self._directory.claim_announcement(announcement)
            return worker == self.worker or worker not in await self._membership.live()
        except StoreError as error:
            # Two answers do no harm: the telephone network accepts the first one only.
            log.warning("a call is answered that another worker may answer too: %s", error)
            return True

    # Sending calls to workers with room

    def worker_with_room(self) -> str:
        """The id of the worker to which a call goes that is to be placed; empty if that is this one, or no other has
        room.
        """
        return self._passing.worker_with_room()

    def answer_by(self, take: Callable[[IncomingCall], bool]) -> None:
        """Have `take` answer calls for which other workers have no room. Call it before `start`."""
        self.on(RING, answered_by(take))

    # Workers that have died

    async def _take(self, record: CallCheckpoint) -> None:
        await self._take_over.take_over(record, await self._take_over.checkpoint_of(record))

    async def _renewed(self, had_ended: bool) -> None:
        if had_ended:
            self._lease_had_ended()
        await self._take_back()
        await self._passing.headroom.share()
        await self._orphans.look()
        self._here.lifecycle.withdraw_degradation(PART)

    async def _take_back(self) -> None:
        """Continue the calls that this worker gave up while it was cut off and that no other worker has taken.

        Raises:
            StoreError: it cannot be found out.
        """
        left = self._switchboard.left_in_doubt
        for secret in tuple(left):
            # Harmless if it was taken: then this worker is not its owner any more.
            taken = await self._directory.take(secret, self.worker, is_orphan=False)
            left.discard(secret)
            if taken is not None:
                await self._take(taken.record)

    def _write_anew(self) -> None:
        """Write all calls and sessions of this worker to Redis again, since Redis has lost its data."""
        log.warning("Redis may have lost what this worker has written: its calls and sessions are written anew")
        self._take_over.tell_all()
        if self._here.checkpoints is not None:
            self._here.checkpoints.keep_all_again()

    def _lease_had_ended(self) -> None:
        log.warning("the lease of this worker had ended: others may have taken its calls")
        self._take_over.tell_all()
