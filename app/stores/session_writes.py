"""Writes what is kept of sessions to Redis, each under the claim of this worker; several writes are one request."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

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


_encode = msgspec.json.Encoder().encode


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
        """Do this write alone, as a request of its own: see `SessionWrites.write`."""
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
        """The write of something of a session: `SessionWrite` says what the arguments are."""
        return SessionWrite(writes=self, claim=claim, session_id=session_id, key=key, data=data)

    def list_anew(self) -> None:
        """Give the list of recent sessions its time to live with the next record: Redis may have lost it."""
        self._trim_at = 0.0

    async def write(self, client: RedisClient, writes: Sequence[SessionWrite]) -> None:
        """Do `writes` in one request, and list the records among them. Harmless if it is done twice.

        Raises:
            ResponseError: Redis refuses one of them; the others are written.
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

    async def _written(self, client: RedisClient, writes: Sequence[SessionWrite]) -> list[bool]:
        """Whether each of `writes` was done, and not refused since the claim is void."""
        claimed = [
            (
                each.claim,
                (claim_key(each.session_id), each.key),
                each.data if isinstance(each.data, bytes) else _encode(each.data),
            )
            for each in writes
        ]
        saved_at = {each.session_id: each.data.updated_at for each in writes if isinstance(each.data, SessionRecord)}
        if not saved_at and len(claimed) == 1:
            return [await write_claimed(client, *claimed[0], self._ttl_s)]
        if not saved_at:
            return await write_all_claimed(client, claimed, self._ttl_s) if claimed else []
        now, trims = self._clock.wall(), self._clock.wall() >= self._trim_at
        are_written = await write_all_claimed(
            client, claimed, self._ttl_s, lambda pipe: self._list(pipe, saved_at, now, trims=trims)
        )
        if trims:
            self._trim_at = now + TRIM_S
        return are_written

    def _list(self, pipe: Any, saved_at: dict[str, float], now: float, *, trims: bool) -> None:
        """Have records listed among the recent ones. One that is refused is listed all the same: its session was live
        here until then.
        """
        pipe.zadd(RECENT, saved_at)
        if trims:
            pipe.zremrangebyrank(RECENT, 0, -RECENT_MOST - 1)
            pipe.zremrangebyscore(RECENT, "-inf", now - self._ttl_s)
            pipe.expire(RECENT, self._ttl_s + int(TRIM_S))


def claim_key(session_id: str) -> str:
    """Return the key of the claim of a session."""
    return f"earshot:{{{session_id}}}:claim"
