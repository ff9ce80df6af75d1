"""Claims of sessions, each a kind of lease: the worker that began or resumed a session last may write it, no other.

Each worker claims a session when it begins or resumes it. The claim is checked where it matters: the script that writes
a record checks the claim in the same step, so that a worker that stood still, or that was cut off, cannot overwrite
what its successor has written since, however late its write arrives.

    earshot:{SESSION}:claim     id and number of the newest claim, and under their numbers the ids of the last ones
"""

import secrets
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, cast

from app.stores.claim_check import boot_time_s
from app.stores.redis_clients import RedisClient

MOST = 20_000
"""The most claims that are remembered: twice the sessions of a worker. One that is forgotten is made again with the
next record."""

WRITE = """
local known = redis.call('HMGET', KEYS[1], 'number', 'id')
local number = tonumber(known[1] or '0')
local extends = ARGV[5] == '1'
if known[2] ~= ARGV[1] then
    extends = true
    local own = tonumber(ARGV[2])
    if own > 0 and own <= number then
        return 0
    end
    for former = math.max(1, number - 7), number do
        if redis.call('HGET', KEYS[1], former) == ARGV[1] then
            return 0
        end
    end
    number = number + 1
    redis.call('HSET', KEYS[1], 'id', ARGV[1], 'number', number, number, ARGV[1])
    redis.call('HDEL', KEYS[1], number - 8)
end
redis.call('SET', KEYS[2], ARGV[3], 'EX', ARGV[4])
if extends then
    redis.call('EXPIRE', KEYS[1], ARGV[4] * 2)
end
return number
"""
"""Writes a record if no later claim has been made. A claim without a number is new, and takes the session; one with a
number that Redis does not know, since it was emptied, is made again. A claim is made with the first record, at once
when a session begins: only where Redis cannot be used then may an earlier one come after a later one.

A claim may have been made though its answer never came, and is then sent without a number again. Redis knows it by its
id, of the last eight of a session: it must not take the session back from a claim that has been made meanwhile.

A claim is kept for twice as long as what it guards. That is not extended with each write, but when it is made and
whenever a quarter of a record's time has passed."""

REMOVE = """
if redis.call('HGET', KEYS[1], 'id') == ARGV[1] then
    return redis.call('DEL', KEYS[2])
end
return 0
"""


class Claim:
    """One worker's claim of one session, from its beginning there to its end."""

    def __init__(self) -> None:
        self.id = secrets.token_hex(8)
        self.number = 0
        """The number that Redis gave the claim with the first record; 0 until then."""
        self.is_void = False
        """Whether another worker has gone on with the session."""
        self.extend_at = 0.0
        """When the time for which Redis keeps the claim is extended next, in seconds of `boot_time_s`."""


ClaimedWrite: TypeAlias = tuple[Claim, tuple[str, str], bytes]
"""The claim of a session, where it and the data are kept, and the data."""


class SessionClaims:
    """The claims of one worker. Belongs to the loop's thread."""

    def __init__(self) -> None:
        self._claims: OrderedDict[str, Claim] = OrderedDict()

    def begin(self, session_id: str) -> Claim:
        """Claim a session that begins at this worker or is resumed here."""
        claim = self._claims[session_id] = Claim()
        self._claims.move_to_end(session_id)
        if len(self._claims) > MOST:
            self._claims.popitem(last=False)
        return claim

    def give_up(self, claim: Claim, session_id: str) -> bool:
        """Note that another worker has gone on with a session. False if that is known, or it began here again."""
        is_news = not claim.is_void and self._claims.get(session_id) is claim
        claim.is_void = True
        return is_news

    def known(self, session_id: str) -> Claim | None:
        """The claim that this worker has of a session; None if it has none."""
        return self._claims.get(session_id)

    def of(self, session_id: str) -> Claim:
        """The claim of a session; one is made if this worker has none."""
        claim = self._claims.get(session_id)
        if claim is None:
            return self.begin(session_id)
        # Those that are live are asked for once a turn: of too many the ones that are over are forgotten first.
        self._claims.move_to_end(session_id)
        return claim


def is_superseded(claim: Claim, known: dict[bytes, bytes]) -> bool:
    """Whether what Redis knows of the claims of a session makes `claim` void. False if Redis has lost them."""
    if not known or known.get(b"id") == claim.id.encode():
        return False
    return 0 < claim.number <= int(known.get(b"number", 0)) or claim.id.encode() in known.values()


async def write_claimed(client: RedisClient, claim: Claim, keys: tuple[str, str], data: bytes, ttl_s: int) -> bool:
    """Write a record if `claim` still stands; False if it is void. Harmless if it is done twice.

    Args:
        client: the client of Redis.
        claim: the claim of the session.
        keys: where the claim and the record are.
        data: the record.
        ttl_s: how long the record is kept, in seconds.
    """
    if claim.is_void:
        return False
    now_s = boot_time_s()
    number = await client.eval(*_script(claim, keys, data, ttl_s, now_s))
    return _answered(claim, int(number), ttl_s, now_s)


async def write_all_claimed(
    client: RedisClient, writes: Sequence[ClaimedWrite], ttl_s: int, also: Callable[[Any], object] | None = None
) -> list[bool]:
    """Write records whose claims still stand, in one request; False for each whose claim is void. Harmless if it is
    done twice.

    Args:
        client: the client of Redis.
        writes: what is to be written.
        ttl_s: how long the records are kept, in seconds.
        also: called with the pipeline, to which it adds further commands.

    Raises:
        ResponseError: Redis refuses one of them; the others are written.
    """
    pipe, now_s = cast(Any, client).pipeline(transaction=False), boot_time_s()
    for claim, keys, data in writes:
        pipe.eval(*_script(claim, keys, data, ttl_s, now_s))
    if also is not None:
        also(pipe)
    answers: list[Any] = await pipe.execute()
    return [_answered(claim, int(number), ttl_s, now_s) for (claim, _, _), number in zip(writes, answers, strict=False)]


def _script(claim: Claim, keys: tuple[str, str], data: bytes, ttl_s: int, now_s: float) -> tuple[Any, ...]:
    # Both keys hold the session's id in braces, so that a cluster has them on one node.
    return WRITE, 2, *keys, claim.id, claim.number, data, ttl_s, int(now_s >= claim.extend_at)


def _answered(claim: Claim, number: int, ttl_s: int, now_s: float) -> bool:
    if number <= 0:
        return False
    claim.number = number
    if now_s >= claim.extend_at:
        claim.extend_at = now_s + ttl_s / 4
    return True


async def remove_claimed(client: RedisClient, claim: Claim, keys: tuple[str, str]) -> None:
    """Remove what is at the second of `keys` if `claim`, at the first, is the newest of the session."""
    await client.eval(REMOVE, 2, *keys, claim.id)
