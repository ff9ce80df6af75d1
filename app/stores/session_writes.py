"""Writes what is kept of sessions to Redis, each under the claim of this worker; several writes are one request."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

import msgspec

from actors.conversation import SessionRecord
from actors.ports.clock import Clock
from app.stores.claim_notices import ClaimNotice, publish
from app.stores.redis_clients import RedisClient
from app.stores.session_claims import Claim, write_all_claimed, write_claimed

RECENT = "earshot:recent"
RECENT_MOST = 1_000
TRIM_S = 30.0
"""Seconds between two cuts of the list of recent sessions to its length and age, which is not done at each write."""


class SessionWrite(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One write of something of a session. Called with the client of Redis it is done by itself."""

    writes: "SessionWrites"
    claim: Claim
    session_id: str
    key: str
    """The key of what is written."""
    data: bytes | SessionRecord
    """A record is encoded when it is written, and listed among the recent sessions."""

    def __call__(self, client: RedisClient) -> Awaitable[None]:
        """Do this write by itself."""
        return self.writes.write(client, [self])


class SessionWrites:
    """The writes of one worker. Belongs to the loop's thread.

    Args:
        clock: for the age of what is in the list of recent sessions.
        ttl_s: how long Redis keeps what is written, in seconds.
        refused: awaited with each write of a session that another worker has claimed since.
    """

    def __init__(
        self, clock: Clock, ttl_s: int, refused: Callable[[RedisClient, SessionWrite], Awaitable[None]]
    ) -> None:
        self._clock = clock
        self._ttl_s = ttl_s
        self._refused = refused
        self._trim_at = 0.0
        """When the list of recent sessions is cut next, in seconds since the epoch."""

    def of(self, claim: Claim, session_id: str, key: str, data: bytes | SessionRecord) -> SessionWrite:
        """One write: `SessionWrite` says what of."""
        return SessionWrite(writes=self, claim=claim, session_id=session_id, key=key, data=data)

    async def write(self, client: RedisClient, writes: Sequence[SessionWrite]) -> None:
        """Do `writes` in one request, and list the records among them in one more. Harmless if it is done twice.

        Raises:
            ResponseError: Redis refuses one of them; the others are written, but their records are not listed.
        """
        standing = [each for each in writes if not each.claim.is_void]
        former = {each.claim: each.claim.number for each in standing}
        are_written = await self._written(client, standing)
        written = [each for each, is_written in zip(standing, are_written, strict=True) if is_written]
        for each in writes:
            if each not in written:
                await self._refused(client, each)
        for each in written:
            if former.pop(each.claim, each.claim.number) != each.claim.number:
                await publish(client, ClaimNotice(each.session_id, each.claim.id, each.claim.number))
        records = {each.session_id: each.data.updated_at for each in written if isinstance(each.data, SessionRecord)}
        if records:
            await self._list(client, records)

    async def _written(self, client: RedisClient, writes: Sequence[SessionWrite]) -> list[bool]:
        """Whether each of `writes` was done, and not refused since the claim is void."""
        claimed = [
            (
                each.claim,
                (claim_key(each.session_id), each.key),
                each.data if isinstance(each.data, bytes) else msgspec.json.encode(each.data),
            )
            for each in writes
        ]
        if len(claimed) == 1:
            return [await write_claimed(client, *claimed[0], self._ttl_s)]
        return await write_all_claimed(client, claimed, self._ttl_s) if claimed else []

    async def _list(self, client: RedisClient, records: dict[str, float]) -> None:
        """Put records into the list of recent sessions, by when they were saved."""
        pipe = cast(Any, client.pipeline(transaction=False))
        pipe.zadd(RECENT, records)
        pipe.expire(RECENT, self._ttl_s)
        if (now := self._clock.wall()) >= self._trim_at:
            pipe.zremrangebyrank(RECENT, 0, -RECENT_MOST - 1)
            pipe.zremrangebyscore(RECENT, "-inf", now - self._ttl_s)
        await pipe.execute()
        if now >= self._trim_at:
            self._trim_at = now + TRIM_S


def claim_key(session_id: str) -> str:
    """Return the key of the claim of a session."""
    return f"earshot:{{{session_id}}}:claim"
