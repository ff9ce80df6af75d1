"""The session store on Redis: records outlive their worker, and every worker on every machine shows them.

Keys, all with a time to live:

    earshot:{SESSION}:record    the newest record of a session, as JSON
    earshot:{SESSION}:checkpoint    what another worker goes on from with a live session, as JSON
    earshot:{SESSION}:call_record   what became of a session that is over, as JSON
    earshot:{SESSION}:claim     which worker may write it (`session_claims.py`)
    earshot:recent              ids of sessions, by when their records were saved last

All keys of a session have its id between braces, so that a cluster keeps them on one node.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, cast

import msgspec
from opentelemetry import metrics

from actors.conversation import SessionRecord
from actors.errors import StoreError
from actors.ports.clock import Clock, Random
from actors.ports.store import SessionStore
from app.stores.claim_notices import ClaimNotice, ClaimNotices
from app.stores.redis_clients import RedisClient
from app.stores.redis_connection import RedisConnection
from app.stores.redis_probe import probe
from app.stores.redis_writer import RedisWriter
from app.stores.session_claims import Claim, SessionClaims, is_superseded, remove_claimed
from app.stores.session_writes import RECENT, SessionWrite, SessionWrites, claim_key

log = logging.getLogger(__name__)

_moved = metrics.get_meter("earshot").create_counter(
    "earshot.sessions.moved", description="Sessions that were left since another worker has gone on with them"
)
_decoder = msgspec.json.Decoder(SessionRecord)


class RedisStore:
    """Implements `SessionStore`. Belongs to the loop's thread.

    A record is kept in `memory` at once, and written to Redis in its own time; while Redis cannot be used, this worker
    shows what it has in memory.

    Args:
        connection: the way to Redis.
        memory: the store of this worker alone.
        clock: for the age of what is in the list of recent sessions.
        random: for pauses after failures.
        ttl_s: how long Redis keeps a record after it was last saved.
        on_moved: called with the id of a session of this worker that another worker has gone on with.
    """

    def __init__(
        self,
        connection: RedisConnection,
        memory: SessionStore,
        clock: Clock,
        random: Random,
        ttl_s: float,
        on_moved: Callable[[str], None] = lambda session_id: None,
    ) -> None:
        self.connection = connection
        self._memory = memory
        self._on_moved = on_moved
        self._claims = SessionClaims()
        self._writes = SessionWrites(clock, int(ttl_s), self._refused)
        self.writer = RedisWriter(connection, random)
        self._notices = ClaimNotices(connection, random, self._hear)

    def session_opened(self, session_id: str) -> None:
        """Claim a session that begins or is resumed here: from now on no other worker may write its record."""
        self._claims.begin(session_id)

    def session_left(self, session_id: str) -> None:
        """Stop writing a session that another worker has taken over."""
        claim = self._claims.known(session_id)
        if claim is not None:
            self._claims.give_up(claim, session_id)

    async def save(self, record: SessionRecord) -> None:
        """Keep `record` in memory, and write it to Redis in the background, or once Redis can be used again."""
        await self._memory.save(record)
        session_id = record.session_id
        self._put(session_id, self._write_of(session_id, record_key(session_id), record))

    def _write_of(self, session_id: str, key: str, data: bytes | SessionRecord) -> SessionWrite:
        return self._writes.of(self._claims.of(session_id), session_id, key, data)

    def _put(self, key: str, write: SessionWrite) -> None:
        self.writer.put(key, write, self._writes.write)

    def save_again(self, session_id: str) -> None:
        """Write the newest record of a session of this worker once more; Redis may have lost it."""
        self._writes.list_anew()
        claim = self._claims.known(session_id)
        if claim is not None and not claim.is_void:
            self.writer.put(session_id, partial(self._write_newest, session_id, claim))

    async def _write_newest(self, session_id: str, claim: Claim, client: RedisClient) -> None:
        record = await self._memory.load(session_id)
        if record is not None:
            await self._writes.of(claim, session_id, record_key(session_id), record)(client)

    async def _refused(self, client: RedisClient, write: SessionWrite) -> None:
        """Leave a session of which Redis has refused a write, since another worker has claimed it."""
        # The copy in memory lacks what is said at the other worker.
        theirs = _decoded(await cast(Awaitable[Any], client.get(record_key(write.session_id))))
        if theirs is not None:
            await self._memory.save(theirs)
        self._lost(write.claim, write.session_id)

    def keep_checkpoint(self, session_id: str, data: bytes) -> None:
        """Write the checkpoint of a session to Redis in the background; only the newest one is written."""
        key = checkpoint_key(session_id)
        self._put(key, self._write_of(session_id, key, data))

    def forget_checkpoint(self, session_id: str) -> None:
        """Remove the checkpoint of a session of this worker, unless another worker has gone on with the session."""
        claim, key = self._claims.known(session_id), checkpoint_key(session_id)
        if claim is not None and not claim.is_void:
            self.writer.put(key, lambda client: remove_claimed(client, claim, (claim_key(session_id), key)))

    async def load_checkpoint(self, session_id: str) -> bytes | None:
        """The newest checkpoint of a session, whichever worker stored it; None if there is none.

        Raises:
            StoreError: Redis cannot be used.
        """
        return await self._kept_at(checkpoint_key(session_id))

    def keep_call_record(self, session_id: str, data: bytes) -> None:
        """Write the call record of a session that was over at this worker to Redis in the background."""
        key = call_record_key(session_id)
        self._put(key, self._write_of(session_id, key, data))

    async def load_call_record(self, session_id: str) -> bytes | None:
        """The call record of a session that is over, whichever worker had it.

        Raises:
            StoreError: Redis cannot be used.
        """
        return await self._kept_at(call_record_key(session_id))

    async def _kept_at(self, key: str) -> bytes | None:
        data: bytes | None = await self.connection.run(lambda client: cast(Awaitable[Any], client.get(key)))
        return data

    def _hear(self, notice: ClaimNotice) -> None:
        """Take up a notice that another worker has claimed a session later: Redis would refuse what this worker still
        writes.
        """
        claim = self._claims.known(notice.session_id)
        if claim is not None and claim.id != notice.claim_id and 0 < claim.number < notice.number:
            self._lost(claim, notice.session_id)

    def _lost(self, claim: Claim, session_id: str) -> None:
        if self._claims.give_up(claim, session_id):
            _moved.add(1)
            log.warning("a session goes on at another worker and is left here", extra={"session": session_id})
            self._on_moved(session_id)

    async def check_claims(self, session_ids: Sequence[str]) -> None:
        """Ask Redis which of these sessions another worker has gone on with, and leave those.

        Raises:
            StoreError: Redis cannot be used.
        """
        claims = [(each, claim) for each in session_ids if (claim := self._claims.known(each)) and not claim.is_void]
        if not claims:
            return
        all_known = await self.connection.run(lambda client: _claims_known(client, [each for each, _ in claims]))
        for (session_id, claim), known in zip(claims, all_known, strict=True):
            if is_superseded(claim, known):
                self._lost(claim, session_id)

    async def load(self, session_id: str) -> SessionRecord | None:
        """The newest record of a session that this worker or Redis has.

        Raises:
            StoreError: Redis cannot be used, and this worker has none.
        """
        own = await self._memory.load(session_id)
        try:
            data = await self.connection.run(lambda client: cast(Awaitable[Any], client.get(record_key(session_id))))
        except StoreError:
            if own is None:
                raise
            return own
        return _newest(own, _decoded(data))

    async def recent(self, limit: int = 100) -> list[SessionRecord]:
        """At most `limit` records, those saved last first; while Redis cannot be used, those of this worker only."""
        own = await self._memory.recent(limit)
        try:
            shared = await self.connection.run(lambda client: self._recent(client, limit))
        except StoreError:
            return own
        found = {record.session_id: record for record in shared}
        for record in own:
            newest = _newest(record, found.get(record.session_id))
            assert newest is not None
            found[record.session_id] = newest
        return sorted(found.values(), key=lambda record: record.updated_at, reverse=True)[:limit]

    async def close(self) -> None:
        """Write all that waits, for some seconds at most, and close the connections."""
        # The last record of a session that ends with the worker is saved by a background task. One that was begun just
        # before has not run yet: in this turn of the loop it hands its record to the writer.
        await asyncio.sleep(0)
        await self.writer.close()
        await self._notices.close()
        await self.connection.close()
        await self._memory.close()

    async def ready(self) -> str:
        """Check that Redis takes writes and keeps them; returns a short description of it.

        Raises:
            StoreError: it does not; the text says why, and how much waits for it.
        """
        try:
            return await probe(self.connection)
        except StoreError as failure:
            waiting = f"; {self.writer.waiting} records wait" if self.writer.waiting else ""
            raise StoreError(failure.kind, failure.detail + waiting) from None

    @staticmethod
    async def _recent(client: RedisClient, limit: int) -> list[SessionRecord]:
        ids = await cast(Awaitable[list[bytes]], client.zrange(RECENT, 0, limit - 1, desc=True))
        if not ids:
            return []
        pipe = cast(Any, client.pipeline(transaction=False))
        for session_id in ids:
            pipe.get(record_key(session_id.decode()))
        return [record for data in await pipe.execute() if (record := _decoded(data)) is not None]


async def _claims_known(client: RedisClient, session_ids: list[str]) -> list[dict[bytes, bytes]]:
    pipe = cast(Any, client.pipeline(transaction=False))
    for session_id in session_ids:
        pipe.hgetall(claim_key(session_id))
    known: list[dict[bytes, bytes]] = await pipe.execute()
    return known


def record_key(session_id: str) -> str:
    """Return the key of the record of a session."""
    return f"earshot:{{{session_id}}}:record"


def checkpoint_key(session_id: str) -> str:
    """Return the key of the checkpoint of a live session."""
    return f"earshot:{{{session_id}}}:checkpoint"


def call_record_key(session_id: str) -> str:
    """Return the key of the call record of a session that is over."""
    return f"earshot:{{{session_id}}}:call_record"


def _decoded(data: bytes | None) -> SessionRecord | None:
    if data is None:
        return None
    try:
        return _decoder.decode(data)
    except msgspec.MsgspecError as error:
        # Another version of the server may have written it. Its content must not appear in the log.
        log.warning("a record in Redis cannot be read: %s", type(error).__name__)
        return None


def _newest(one: SessionRecord | None, other: SessionRecord | None) -> SessionRecord | None:
    """The record that was saved last; of two that were saved at once, the first."""
    if one is None or other is None:
        return one or other
    return one if one.updated_at >= other.updated_at else other
