"""Passes calls for which a worker has no room on to workers that have some, before they are placed or answered."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
from opentelemetry import metrics

from app.cluster.headroom import Headroom
from app.cluster.worker_requests import NO, YES, Handle, WorkerRequests, WorkerSilentError
from app.server.lifecycle import Lifecycle
from app.telephony.inbound.incoming_call import IncomingCall
from app.telephony.new_calls import NewCalls
from app.telephony.switchboard import Switchboard

if TYPE_CHECKING:
    from app.stores.redis_connection import RedisConnection

log = logging.getLogger(__name__)

RING = "ring"
RING_S = 2.0
"""Seconds within which a worker has to say whether it answers a call; the caller hears it ring meanwhile."""
MOST_ASKED = 3
"""The most workers that are asked to answer a call; then its caller hears the busy tone."""

_passed_on = metrics.get_meter("earshot").create_counter(
    "earshot.calls.passed_on", description="Incoming calls that came to a full worker, by whether another one took them"
)


class CallPassing:
    """Knows whether this worker has room for a call, and passes it on where it has none. Belongs to the loop's thread.

    Args:
        lifecycle: says whether this worker takes anything on.
        new_calls: say how many more calls this worker takes.
        switchboard: says whether there is a telephone network.
        connection: the way to Redis, where workers tell each other how much room they have.
        worker: the id of this worker.
        requests: ask the other workers.
    """

    def __init__(
        self,
        lifecycle: Lifecycle,
        new_calls: NewCalls,
        switchboard: Switchboard,
        connection: "RedisConnection",
        worker: str,
        requests: WorkerRequests,
    ) -> None:
        self._lifecycle = lifecycle
        self._new_calls = new_calls
        self._switchboard = switchboard
        self._requests = requests
        self.headroom = Headroom(connection, worker, self._left)

    def _left(self) -> int:
        return self._new_calls.capacity.left if self._switchboard.network is not None else 0

    def has_room(self) -> bool:
        """Whether this worker takes another call."""
        return self._left() > 0

    def worker_with_room(self) -> str:
        """The id of the worker to which a call goes that is to be placed; empty if that is this one, or no other has
        room.
        """
        if self.has_room() or self._switchboard.network is None or not self._lifecycle.admits():
            return ""
        worker = next(iter(self.headroom.with_room), "")
        self.headroom.sent_to(worker)
        return worker

    async def pass_on(self, incoming: IncomingCall) -> bool:
        """Ask other workers to answer an announced call; returns whether one does."""
        for worker in self.headroom.with_room[:MOST_ASKED]:
            self.headroom.sent_to(worker)
            try:
                answer = await self._requests.ask(worker, RING, msgspec.msgpack.encode(incoming), RING_S)
            except WorkerSilentError as error:
                log.info("another worker cannot answer an incoming call: %s", error)
                continue
            if answer == YES:
                _passed_on.add(1, {"outcome": "taken"})
                return True
        _passed_on.add(1, {"outcome": "not taken"})
        return False


def answered_by(take: Callable[[IncomingCall], bool]) -> Handle:
    """What answers a worker that asks for a call to be answered here: by `take`, which returns whether it is."""

    async def answer(payload: bytes) -> bytes:
        return YES if take(msgspec.msgpack.decode(payload, type=IncomingCall)) else NO

    return answer
