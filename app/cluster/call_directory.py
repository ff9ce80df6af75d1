"""The directory of telephone calls in Redis: which worker has which call, and what another worker needs to go on with
it.

    earshot:{c:SECRET}:call     a call: its owner's id, a number that grows with each new owner, and its record
    earshot:call-id:CALL_ID     the secret of the call that the telephone network knows by that id
    earshot:calls-of:WORKER     secrets of the calls that a worker has, or had when it died
    earshot:announced:SHA256    the worker that deals with the announcement of an incoming call

Who has a call is decided by the script that writes it, in one step: a worker from whom a call was taken can write
nothing of it any more, and of several workers that want the call of a dead one exactly one gets it.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

import msgspec

from actors.runtime.failure_counters import Failure, report_failure
from app.telephony.continuity.call_checkpoints import CallCheckpoint, decode_record

if TYPE_CHECKING:
    from app.stores.redis_clients import RedisClient
    from app.stores.redis_connection import RedisConnection
    from app.stores.redis_writer import RedisWriter

log = logging.getLogger(__name__)

CALL_S = 90_000
"""Seconds for which a call is known after it was last heard of: longer than any call lasts."""
ANNOUNCED_S = 120
"""Seconds for which an announced call is kept: no caller lets it ring for longer."""

KEEP = """
local owner = redis.call('HGET', KEYS[1], 'owner')
if owner and owner ~= ARGV[1] then
    return 0
end
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'record', ARGV[2])
redis.call('HSETNX', KEYS[1], 'number', 1)
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
"""
TAKE = """
local owner = redis.call('HGET', KEYS[1], 'owner')
if not owner or (owner ~= ARGV[1] and owner ~= ARGV[2]) then
    return false
end
if owner ~= ARGV[1] then
    redis.call('HSET', KEYS[1], 'owner', ARGV[1])
    redis.call('HINCRBY', KEYS[1], 'number', 1)
    if ARGV[3] == '1' then
        redis.call('HINCRBY', KEYS[1], 'orphaned', 1)
    end
end
return {redis.call('HGET', KEYS[1], 'record'), redis.call('HGET', KEYS[1], 'orphaned') or '0'}
"""
DROP = """
if redis.call('HGET', KEYS[1], 'owner') == ARGV[1] then
    return redis.call('DEL', KEYS[1])
end
return 0
"""

ANNOUNCED = """
redis.call('SET', KEYS[1], ARGV[1], 'NX', 'EX', ARGV[2])
return redis.call('GET', KEYS[1])
"""


class TakenCall(msgspec.Struct, frozen=True):
    """A call that this worker has taken over from another one."""

    record: CallCheckpoint
    orphaned: int
    """How often the call was taken over from a worker that was taken for dead, this time included."""


class CallDirectory:
    """Reads and writes the directory of calls for one worker. Belongs to the loop's thread.

    Args:
        connection: the way to Redis.
        writer: writes to Redis in a background task.
        worker: the id of this worker.
        on_taken: called with the secret of a call of this worker that another one has taken.
    """

    def __init__(
        self, connection: "RedisConnection", writer: "RedisWriter", worker: str, on_taken: Callable[[str], None]
    ) -> None:
        self.worker = worker
        self._connection = connection
        self._writer = writer
        self._on_taken = on_taken

    def keep(self, record: CallCheckpoint) -> None:
        """Write the newest checkpoint of a call of this worker, in the background; never waits."""
        self._writer.put(call_key(record.secret), lambda client: self._keep(client, record))

    async def _keep(self, client: "RedisClient", record: CallCheckpoint) -> None:
        redis = cast(Any, client)
        data = msgspec.json.encode(record)
        if not await redis.eval(KEEP, 1, call_key(record.secret), self.worker, data, CALL_S):
            self._on_taken(record.secret)
            return
        pipe = redis.pipeline(transaction=False)
        pipe.sadd(calls_of(self.worker), record.secret)
        pipe.expire(calls_of(self.worker), CALL_S)
        if record.call_id:
            pipe.set(id_key(record.call_id), record.secret, ex=CALL_S)
        await pipe.execute()

    def drop(self, secret: str, call_id: str) -> None:
        """Remove a call of this worker that is over, in the background; never waits."""

        async def write(client: "RedisClient") -> None:
            redis = cast(Any, client)
            await redis.srem(calls_of(self.worker), secret)
            if await self._dropped(client, secret) and call_id:
                await redis.delete(id_key(call_id))

        self._writer.put(call_key(secret), write)

    async def claim_announcement(self, announcement: str) -> str:
        """Claim the announcement of an incoming call for this worker; returns the id of the worker that has the claim.

        Raises:
            StoreError: it cannot be found out.
        """
        key = f"earshot:announced:{announcement}"
        found = await self._connection.run(
            lambda client: cast(Any, client).eval(ANNOUNCED, 1, key, self.worker, ANNOUNCED_S), writes=True
        )
        return bytes(found).decode()

    async def owner(self, secret: str) -> str:
        """The id of the worker that has a call; empty if no call has that secret.

        Raises:
            StoreError: Redis cannot be used.
        """
        found = await self._connection.run(lambda client: cast(Awaitable[Any], client.hget(call_key(secret), "owner")))
        return found.decode() if found else ""

    async def check(self, secrets: Sequence[str]) -> None:
        """Ask Redis which of these calls another worker has taken, and report each to `on_taken`. A call that Redis
        does not know counts as this worker's.

        Raises:
            StoreError: it cannot be found out.
        """

        async def owners(client: "RedisClient") -> list[bytes | None]:
            pipe = cast(Any, client).pipeline(transaction=False)
            for secret in secrets:
                pipe.hget(call_key(secret), "owner")
            found: list[bytes | None] = await pipe.execute()
            return found

        if not secrets:
            return
        for secret, owner in zip(secrets, await self._connection.run(owners), strict=True):
            if owner is not None and owner.decode() != self.worker:
                self._on_taken(secret)

    async def secret_of(self, call_id: str) -> str:
        """The secret of the call with this id; empty if there is none.

        Raises:
            StoreError: Redis cannot be used.
        """
        found = await self._connection.run(lambda client: cast(Awaitable[Any], client.get(id_key(call_id))))
        return found.decode() if found else ""

    async def secrets_of(self, worker: str) -> list[str]:
        """The secrets of the calls that a worker has, or had when it died.

        Raises:
            StoreError: Redis cannot be used.
        """
        found = await self._connection.run(lambda client: cast(Awaitable[Any], client.smembers(calls_of(worker))))
        return sorted(each.decode() for each in found)

    async def take_orphan(self, secret: str, former: str) -> bool:
        """Take a call whose worker `former` has died; returns whether this worker has it, and not another one.

        Raises:
            StoreError: it cannot be found out.
        """
        return await self.take(secret, former, is_orphan=True) is not None

    async def take(self, secret: str, former: str, *, is_orphan: bool) -> TakenCall | None:
        """Take a call from the worker `former`; returns None if `former` does not have it, or if what is kept of it
        cannot be read: nobody has that call from then on. It is harmless to do this twice.

        Raises:
            StoreError: it could not be taken, or it is not known whether it was.
        """
        # If this worker dies between the two steps, others still find the call in one of the two sets.
        await self._in_set(self.worker, secret, is_in=True)
        found = await self._connection.run(
            lambda client: cast(Any, client).eval(
                TAKE, 1, call_key(secret), self.worker, former, "1" if is_orphan else "0"
            ),
            writes=True,
        )
        if former != self.worker:
            await self._in_set(former, secret, is_in=False)
        record = _record_in(found[0]) if found else None
        if record is None:
            if found:
                await self._connection.run(lambda client: self._dropped(client, secret), writes=True)
            await self._in_set(self.worker, secret, is_in=False)
            return None
        return TakenCall(record, int(found[1]))

    async def leave_out(self, secret: str, worker: str) -> None:
        """Name a call no longer among those of a worker that died.

        Raises:
            StoreError: it is not known whether that was done.
        """
        for each in (worker, self.worker):
            await self._in_set(each, secret, is_in=False)

    async def _dropped(self, client: "RedisClient", secret: str) -> bool:
        """Remove a call of this worker; False if it has none with this secret."""
        return bool(await cast(Any, client).eval(DROP, 1, call_key(secret), self.worker))

    async def _in_set(self, worker: str, secret: str, *, is_in: bool) -> None:
        """Add a call to the set of a worker's calls, or remove it from there."""

        async def write(client: "RedisClient") -> None:
            change = cast(Any, client).sadd if is_in else cast(Any, client).srem
            await change(calls_of(worker), secret)

        await self._connection.run(write, writes=True)


def _record_in(data: bytes | None) -> CallCheckpoint | None:
    """The record that is kept of a call; None if it cannot be read, which is reported."""
    try:
        return decode_record(data or b"")
    except ValueError as error:
        # Its content must not appear in the log.
        line = "a call is lost, since what is kept of it cannot be read: %s"
        report_failure(Failure.STORE, log, line, type(error).__name__, level=logging.ERROR, operation="take")
        return None


def call_key(secret: str) -> str:
    """Return the key of the call with this secret, in Redis."""
    return f"earshot:{{c:{secret}}}:call"


def id_key(call_id: str) -> str:
    """Return the key under which the secret of the call with this id is stored."""
    return f"earshot:call-id:{call_id}"


def calls_of(worker: str) -> str:
    """Return the key of the set of secrets of a worker's calls."""
    return f"earshot:calls-of:{worker}"
