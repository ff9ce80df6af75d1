"""A worker that ends hands its conversations over to others, each while its caller neither speaks nor presses keys.

A telephone call is taken by a worker that is asked to; a browser is told to come back, and finds its conversation at
whichever worker it comes to.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from opentelemetry import metrics

from actors.errors import StoreError
from actors.rules.turn_taking.moving import is_busy
from actors.session.checkpoint import Checkpoint
from app.cluster.call_moves import CallMoves
from app.cluster.membership import Membership
from app.cluster.worker import ClusterWorker
from app.cluster.worker_requests import NO, YES, WorkerRequests, WorkerSilentError
from app.server.processes.worker_loop import WorkerLoop
from app.server.sockets.socket_writer import RESTARTING
from app.telephony.call import Call
from app.telephony.switchboard import Switchboard

if TYPE_CHECKING:
    from app.stores.redis_writer import RedisWriter

log = logging.getLogger(__name__)

TAKE = "take"
TAKE_S = 2.0
"""Seconds within which a worker has to take a call."""
ARRIVED_S = 3.0
"""Seconds within which calls that are being moved here have arrived; each step of a move has a shorter time-out."""
LEFT_S = 6.0
"""Seconds before the end of the worker at which a call is handed over even if its caller speaks, so that time is left
for a refusal."""
LOOK_S = 0.1
SENT_LOOK_S = 0.02
MOST_WRITES = 3
"""How often a checkpoint is written again because the session has changed while it was written."""
WRITTEN_S = 1.0
"""Seconds within which the checkpoints of browsers' sessions have to be written; those that are not are tried again."""

_handed_over = metrics.get_meter("earshot").create_counter(
    "earshot.sessions.handed_over", description="Sessions of a worker that ended, by whether another one has them"
)


class HandOver:
    """Hands the calls of one worker over when it drains, and takes those of others. Belongs to the loop's thread."""

    def __init__(
        self,
        worker: ClusterWorker,
        switchboard: Switchboard,
        moves: CallMoves,
        membership: Membership,
        requests: WorkerRequests,
        writer: "RedisWriter",
    ) -> None:
        self._here = worker
        self._switchboard = switchboard
        self._moves = moves
        self._membership = membership
        self._requests = requests
        self._writer = writer
        self._listens = True
        self.has_room: Callable[[], bool] = lambda: False
        """Tells whether this worker can take another call"""
        requests.on(TAKE, self._take)

    async def hand_over(self, deadline: float) -> None:
        """Have others go on with what this worker has; what is here still when this returns nobody has taken.

        Args:
            deadline: when this worker ends, in seconds of the loop's clock.
        """
        # A call that was being taken from another worker as this one was told to end would come to one that is gone.
        with suppress(TimeoutError):
            async with asyncio.timeout(ARRIVED_S):
                await self._moves.settled()
        others = await self._others(deadline - LEFT_S)
        if others is None:
            return
        if others:
            self._stop_listening()
        calls = self._switchboard.log.live if others else []
        await asyncio.gather(
            self._browsers({self._switchboard.session_of(call) for call in calls}, deadline - LEFT_S),
            *(self._call(call, others[n:] + others[:n], deadline) for n, call in _spread(calls, others)),
        )

    async def _others(self, until: float) -> list[str] | None:
        """The ids of the other workers; None if that cannot be found out until then, as while Redis fails over."""
        while True:
            try:
                return [worker for worker in await self._membership.live() if worker != self._membership.worker]
            except StoreError as error:
                if self._is_due(until):
                    log.warning("conversations are not handed over: %s", error)
                    return None
            await asyncio.sleep(LOOK_S)

    def _is_due(self, until: float) -> bool:
        """Whether the deadline has passed or the worker is told to hurry: the hand-over then waits for nothing more."""
        return asyncio.get_running_loop().time() >= until or self._here.lifecycle.hurried.is_set()

    def _stop_listening(self) -> None:
        """Take no more connections: the media socket of a call that is handed over is to come to another worker.

        A worker that is alone in a server which does not end goes on listening: nobody else could refuse the clients
        that come.
        """
        loop, lifecycle = asyncio.get_running_loop(), self._here.lifecycle
        is_alone = lifecycle.relay_directory is None and not lifecycle.worker_bus.server_ends
        if self._listens and isinstance(loop, WorkerLoop) and not is_alone:
            self._listens = False
            loop.stop_listening()
            lifecycle.worker_bus.listens_no_more()

    async def _call(self, call: Call, others: Sequence[str], deadline: float) -> None:
        await self._until_quiet(call, deadline - LEFT_S)
        if not call.call_id:
            return
        await self._until_found(call, deadline - LEFT_S)
        # That the server ends, too, may have been told meanwhile.
        self._stop_listening()
        for worker in others:
            if call.over.is_set():
                return
            try:
                answer = await self._requests.ask(worker, TAKE, call.secret.encode(), TAKE_S)
            except WorkerSilentError as error:
                log.info("another worker cannot take over a call: %s", error)
                continue
            if answer == YES:
                _handed_over.add(1, {"outcome": "taken"})
                return
        _handed_over.add(1, {"outcome": "not taken"})
        log.warning("a call is not handed over: no other worker takes it", extra={"call": call.call_id})

    async def _until_quiet(self, call: Call, until: float) -> None:
        """Wait until the caller neither speaks nor presses keys, and the network has answered what it was ordered: what
        comes just then would be lost, and nobody would know whether an order was taken, such as that to place the call.
        """
        loop = asyncio.get_running_loop()
        hurried = self._here.lifecycle.hurried
        while loop.time() < until and not call.over.is_set() and not hurried.is_set():
            if call.orders.is_sending or not call.call_id:
                await asyncio.sleep(SENT_LOOK_S)
                continue
            entry = self._here.sessions.live.get(self._switchboard.session_of(call))
            if entry is None or not _caller_is_busy(entry.checkpoint):
                return
            await asyncio.sleep(LOOK_S)

    async def _until_found(self, call: Call, until: float) -> None:
        """Wait until other workers find the call in Redis. It is written there in the background, so who is asked to
        take a call that has just begun would find none.
        """
        while not call.over.is_set() and not self._is_due(until):
            if await self._moves.is_found(call.secret):
                return
            await asyncio.sleep(SENT_LOOK_S)

    async def _take(self, payload: bytes) -> bytes:
        """Take a call from a worker that ends, if there is room."""
        secret = payload.decode()
        if not self._here.lifecycle.admits() or not self.has_room():
            return NO
        await self._moves.move_here(secret)
        if self._switchboard.log.of_secret(secret) is None:
            return NO
        self._moves.ask_for_audio(secret)
        return YES

    async def _browsers(self, of_calls: set[str], until: float) -> None:
        checkpoints = self._here.checkpoints
        if checkpoints is None:
            return
        live = self._here.sessions.live
        ids = (each for each, entry in live.items() if each not in of_calls and not entry.plan.call_id)
        writes = dict.fromkeys(ids, 0)
        while waiting := [each for each, count in writes.items() if count < MOST_WRITES]:
            is_due = self._is_due(until)
            # A caller who speaks is heard to the end, and a model that speaks is waited for until it has told all
            # that it says.
            ready = [each for each in waiting if is_due or not self._is_busy(each)]
            if not ready:
                await asyncio.sleep(LOOK_S)
                continue
            for session_id in ready:
                checkpoints.keep_now(session_id)
            if not await self._writer.settled(WRITTEN_S):
                if self._is_due(until):
                    break
                continue
            for session_id in ready:
                # What goes on meanwhile is written again.
                writes[session_id] += 1
                if checkpoints.is_kept(session_id):
                    del writes[session_id]
                    _handed_over.add(1, {"outcome": "told to come back"})
                    self._here.leave(session_id, RESTARTING)
        if writes:
            _handed_over.add(len(writes), {"outcome": "not written"})
            log.warning("conversations of browsers are not handed over", extra={"sessions": len(writes)})

    def _is_busy(self, session_id: str) -> bool:
        entry = self._here.sessions.live.get(session_id)
        return entry is not None and _caller_is_busy(entry.checkpoint)


def _spread(calls: Sequence[Call], others: Sequence[str]) -> list[tuple[int, Call]]:
    """Pair each call with the index of the worker that is asked first, so that all workers get a share."""
    return [(n % len(others) if others else 0, call) for n, call in enumerate(calls)]


def _caller_is_busy(checkpoint: Checkpoint) -> bool:
    return checkpoint.turn is not None and is_busy(checkpoint.turn)
