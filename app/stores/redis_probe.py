"""Whether a Redis can be used: it takes writes, answers quickly, and throws nothing away."""

import asyncio
from collections.abc import Awaitable
from functools import partial
from typing import Any, cast

from actors.errors import ErrorKind, StoreError
from app.stores.redis_clients import RedisClient
from app.stores.redis_connection import RedisConnection

PROBE, PROBE_S = "earshot:probe", 60
SLOW_S = 0.1
"""Seconds from which on an answer is slow; it usually takes less than a millisecond, and twice this is not
waited for."""
KEEPS_ALL = "noeviction"
"""The one eviction policy (`maxmemory-policy`) with which a full Redis drops nothing. All that is kept here has a time
to live, so that policies for such keys alone (volatile-*) drop it as well."""


async def probe(connection: RedisConnection) -> str:
    """Write a test value to Redis, and ask whether it keeps what it is given; returns a short description of it.

    Raises:
        StoreError: it takes no writes, cannot be reached, is slow, or may throw away what is still needed.
    """
    now = asyncio.get_running_loop().time
    asked_s = now()
    await connection.run(lambda client: cast(Awaitable[Any], client.set(PROBE, 1, ex=PROBE_S)), writes=True)
    wrote_s = now()
    try:
        server = await connection.run(partial(_info, section="server"))
        told_s = now()
        memory = await connection.run(partial(_info, section="memory"))
    except StoreError as failure:
        if failure.kind in (ErrorKind.BAD_REQUEST, ErrorKind.AUTHENTICATION):
            return "Redis takes writes"  # This Redis user has no right to ask.
        raise
    # The quickest of several attempts is used, since this loop itself may have been late for some of them.
    if (took_s := min(wrote_s - asked_s, told_s - wrote_s, now() - told_s)) > SLOW_S:
        raise StoreError(ErrorKind.TIMEOUT, f"Redis is slow: an answer takes {took_s * 1000:.0f} ms")
    policy = str(memory.get("maxmemory_policy", "noeviction"))
    if policy != KEEPS_ALL and int(memory.get("maxmemory", 0)):
        raise StoreError(
            ErrorKind.UNAVAILABLE, f"Redis may evict what is needed: maxmemory-policy is {policy}, set noeviction"
        )
    return f"Redis {server.get('redis_version', '')}, {server.get('redis_mode', 'standalone')}, takes writes"


async def _info(client: RedisClient, section: str) -> dict[str, Any]:
    """A section of INFO, of one node where there are several."""
    info: dict[str, Any] = await cast(Awaitable[Any], client.info(section))
    first = next(iter(info.values()), None)
    return first if isinstance(first, dict) else info
