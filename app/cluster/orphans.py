"""Takes over the calls of workers that have died, or hangs them up: each live worker takes its share."""

import logging
from collections.abc import Awaitable, Callable

from opentelemetry import metrics

from actors.errors import ErrorKind, StoreError
from actors.runtime.failure_counters import Failure, report_failure
from app.cluster.call_directory import CallDirectory, TakenCall
from app.cluster.membership import Membership
from app.telephony.continuity.call_checkpoints import CallCheckpoint

log = logging.getLogger(__name__)

MOST_AT_ONCE = 10
"""The most calls that a worker takes over in one round of half a second, so that other workers get some too."""
MOST_ORPHANED = 5
"""How many workers a call may outlive before it is hung up, since it may be the cause of their deaths."""
MOST_ROUNDS = 10
"""Rounds for which a worker without room leaves calls to others; after them no worker has room, and it hangs the calls
up."""

_taken = metrics.get_meter("earshot").create_counter(
    "earshot.calls.taken_over", description="Calls of workers that were gone, by what became of them"
)

TakeCall = Callable[[CallCheckpoint], Awaitable[None]]


class Orphans:
    """Finds calls whose workers are gone, and has one worker take its share of them. Belongs to the loop's thread.

    Args:
        membership: which workers are gone.
        directory: which calls they had.
        has_room: whether this worker may take one more call.
        take: goes on with a call that is this worker's from now on.
        give_up: ends such a call.
    """

    def __init__(
        self,
        membership: Membership,
        directory: CallDirectory,
        *,
        has_room: Callable[[], bool],
        take: TakeCall,
        give_up: TakeCall,
    ) -> None:
        self._membership = membership
        self._directory = directory
        self._has_room = has_room
        self._take = take
        self._give_up = give_up
        self._rounds: dict[str, int] = {}

    async def look(self) -> None:
        """Run one round: take over or end calls of workers that have died.

        Raises:
            StoreError: Redis cannot be used.
        """
        gone = [worker for worker in await self._membership.gone() if worker != self._membership.worker]
        self._rounds = {worker: self._rounds.get(worker, 0) + 1 for worker in gone}
        left = MOST_AT_ONCE
        for worker in gone:
            secrets = await self._secrets_of(worker)
            if not secrets:
                await self._membership.forget(worker)
                continue
            for secret in secrets[:left]:
                if not self._has_room() and self._rounds[worker] <= MOST_ROUNDS:
                    return
                left -= 1
                taken = await self._taken(secret, worker)
                if taken is not None:
                    await self._deal_with(taken)

    async def _secrets_of(self, worker: str) -> list[str]:
        try:
            return await self._directory.secrets_of(worker)
        except StoreError as error:
            _require_refusal(error)
            return []

    async def _taken(self, secret: str, worker: str) -> TakenCall | None:
        """Take a call. One that Redis refuses to give is left out from now on, so that it does not keep the others."""
        try:
            return await self._directory.take(secret, worker, is_orphan=True)
        except StoreError as error:
            _require_refusal(error)
            await self._directory.leave_out(secret, worker)
            return None

    async def _deal_with(self, taken: TakenCall) -> None:
        if self._has_room() and taken.orphaned <= MOST_ORPHANED:
            _taken.add(1, {"outcome": "taken over"})
            await self._take(taken.record)
        else:
            _taken.add(1, {"outcome": "hung up"})
            await self._give_up(taken.record)


def _require_refusal(error: StoreError) -> None:
    """Report that Redis refuses what concerns one worker or call, such as that of a key of another type.

    Raises:
        StoreError: it is `error`, and not about one command but about Redis, which may be better in the next round.
    """
    if error.kind is not ErrorKind.BAD_REQUEST:
        raise error
    report_failure(
        Failure.STORE, log, "calls of a worker that is gone cannot be taken over: %s", error.detail, operation="take"
    )
