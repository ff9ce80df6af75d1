"""Which workers there are on all machines: each has a lease in Redis, and renews it while its event loop turns.

    earshot:workers     the workers by when their leases end, in ms of the time of Redis

A worker whose lease has ended was killed, stopped or cut off: others may take its calls. The worker itself knows that
from its own clock, without asking anybody (`Membership.holds`).

The clock of Redis may be set, and after a failover it is that of another machine. Then leases end too early, and nobody
is taken for dead until all had time to renew theirs; or they end too late, and are cut to the length of a lease.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, cast

from actors.errors import ErrorKind, StoreError
from actors.runtime.failure_counters import Failure, report_failure
from app.cluster.redis_clock import RedisClock
from app.stores.claim_check import LEASE_S, boot_time_s

if TYPE_CHECKING:
    from app.stores.redis_connection import RedisConnection

log = logging.getLogger(__name__)

WORKERS = "earshot:workers"
CLOSE_S = 2.0
"""Seconds for which a cancelled task is waited for: Redis's client may swallow the cancellation, and then the task ends
with the process."""
RENEW_S = 0.5
"""Seconds between two renewals of the lease, and between two looks at the other workers. The callers of a worker that
stands still hear nothing until it is noticed."""
LATE_S = 1.8
"""Seconds after the last renewal from which on the next one is late."""
KEPT_S = 86_400

_NOW = "local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000) "
RENEW = f"""{_NOW}
local last = now + ARGV[1]
local before = redis.call('ZSCORE', KEYS[1], ARGV[2]) or ''
for _, worker in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. last, '+inf')) do
    redis.call('ZADD', KEYS[1], last, worker)
end
redis.call('ZADD', KEYS[1], last, ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return {{now, before, redis.call('ZSCORE', KEYS[1], ARGV[2])}}
"""
"""Renews a lease. None can end later than the one that is taken just now, unless the clock was set back since."""
FOUND = f"""{_NOW}
return {{
    now,
    redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf'),
    redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now),
}}
"""


class Membership:
    """The lease of one worker, and a look at those of all. Belongs to the loop's thread.

    Args:
        connection: the way to Redis.
        worker: the id of this worker.
        renewed: awaited after each renewal; told whether the lease had ended before.
    """

    def __init__(self, connection: "RedisConnection", worker: str, renewed: Callable[[bool], Awaitable[None]]) -> None:
        self.worker = worker
        self._connection = connection
        self._renewed = renewed
        self.on_forgotten: Callable[[], None] = lambda: None
        """Called when Redis does not know the last lease of this worker, or its clock was set back: it was emptied, or
        a replica without the latest writes has taken over. Other data of this worker may be lost as well."""
        self.on_refused: Callable[[StoreError], None] = lambda error: None
        """Called with why a round failed where Redis itself can be used: it refuses what this worker asks of it."""
        self._clock = RedisClock()
        self._known_end_ms = 0.0
        self._until_s = 0.0
        self._trusts_from_s = 0.0
        self._task: asyncio.Task[None] | None = None

    @property
    def holds(self) -> bool:
        """Whether the lease holds by this worker's own clock, so that no other can think that this worker is gone."""
        return boot_time_s() < self._until_s

    def start(self) -> None:
        """Take the lease, and begin to renew it."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="worker.lease")

    async def stop(self, *, gives_back: bool) -> None:
        """Stop renewing the lease. `gives_back`: remove it from Redis, since this worker has no calls that others would
        have to take.
        """
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=CLOSE_S)
            if not gives_back:
                return
            try:
                await self.forget(self.worker)
            except StoreError as error:
                log.debug("the lease of this worker ends by itself: %s", error)

    async def renew(self) -> None:
        """Renew the lease once.

        Raises:
            StoreError: Redis cannot be used.
        """
        asked_s = boot_time_s()
        if asked_s > self._until_s - LEASE_S + LATE_S:
            # Redis was away, or this worker: the others may not have renewed their leases either.
            self._trusts_from_s = asked_s + LEASE_S
        # Of two renewals at once the answers may come in the other order.
        known_end_ms = self._known_end_ms
        set_ms, before, end_ms = await self._eval(RENEW, int(LEASE_S * 1000), self.worker, KEPT_S)
        self._until_s = asked_s + LEASE_S
        is_forgotten = float(before or 0) < known_end_ms or set_ms < 0.0
        self._known_end_ms = float(end_ms)
        if is_forgotten:
            self.on_forgotten()

    async def live(self) -> list[str]:
        """The ids of the workers whose leases hold.

        Raises:
            StoreError: Redis cannot be used.
        """
        return (await self._found())[0]

    async def gone(self) -> list[str]:
        """The ids of the workers whose leases have ended and whom nobody has forgotten yet.

        None for as long after this worker's own renewals were late, or the clock of Redis was set, as the others may
        need to renew theirs: who comes back to a Redis that stood still must not take the others for dead.

        Raises:
            StoreError: Redis cannot be used.
        """
        gone = (await self._found())[1]
        return [] if boot_time_s() < self._trusts_from_s else gone

    async def forget(self, worker: str) -> None:
        """Remove a dead worker whose calls have all been dealt with.

        Raises:
            StoreError: Redis cannot be used.
        """
        await self._connection.run(lambda client: cast(Awaitable[Any], client.zrem(WORKERS, worker)))

    async def _found(self) -> tuple[list[str], list[str]]:
        _, live, gone = await self._eval(FOUND)
        return [each.decode() for each in live], [each.decode() for each in gone]

    async def _eval(self, script: str, *arguments: object) -> Any:
        """Run a script that answers with the time of Redis first; in the place of that, return by how many ms it was
        set since the last one, as `RedisClock.set_by_ms`."""
        asked_s = boot_time_s()
        told_ms, *rest = await self._connection.run(
            lambda client: cast(Any, client).eval(script, 1, WORKERS, *arguments), writes=True
        )
        answered_s = boot_time_s()
        set_ms = self._clock.set_by_ms(float(told_ms), asked_s, answered_s)
        if set_ms:
            self._trusts_from_s = answered_s + LEASE_S
            line = "the clock of Redis was set by %+.1f s: no worker is taken for dead for a while"
            report_failure(Failure.STORE, log, line, set_ms / 1000, operation="clock")
        return set_ms, *rest

    async def _run(self) -> None:
        while True:
            had_ended = self._until_s > 0 and not self.holds
            try:
                await self.renew()
                await self._renewed(had_ended)
            except StoreError as error:
                # `RedisConnection` logs the first failure of each row.
                log.debug("the lease of this worker is not renewed: %s", error)
                if error.kind in (ErrorKind.BAD_REQUEST, ErrorKind.AUTHENTICATION):
                    self.on_refused(error)
            except Exception as error:
                # A fault in one round must not end the rounds.
                log.exception("the check of the other workers' leases failed: %s", type(error).__name__)
            await asyncio.sleep(RENEW_S)
