"""Notices of claims between workers: one whose session goes on elsewhere hears of it at once, not at its next write.

They go over Redis pub/sub, which loses what is said while nobody is connected: then the next write tells
(`session_claims.py`). A worker that stood still finds them in its socket, before it has written anything.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import msgspec
from redis import exceptions

from actors.ports.clock import Random
from app.stores.redis_clients import RedisClient
from app.stores.redis_connection import RedisConnection
from app.stores.redis_subscription import RedisSubscription

CHANNEL = "earshot:claims"


class ClaimNotice(msgspec.Struct, frozen=True):
    """A worker has claimed a session."""

    session_id: str
    claim_id: str
    number: int


Hear = Callable[[ClaimNotice], None]

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(ClaimNotice).decode


class ClaimNotices:
    """Hears the notices of all workers, its own too, from `start` until `close`. Belongs to the loop's thread."""

    def __init__(self, connection: RedisConnection, random: Random, hear: Hear) -> None:
        self._take = hear
        self._subscription = RedisSubscription(connection, random, CHANNEL, self._hear)
        self.is_subscribed = self._subscription.is_subscribed
        """Set while notices come in."""

    async def close(self) -> None:
        """End the subscription: notices that come from now on are not heard."""
        await self._subscription.close()

    def _hear(self, data: bytes) -> None:
        # Of another version of the server, perhaps.
        with suppress(msgspec.MsgspecError):
            self._take(_decode(data))


async def publish(client: RedisClient, notice: ClaimNotice) -> None:
    """Tell all workers. A user of Redis who may not publish tells nobody: then the next writes do."""
    with suppress(exceptions.NoPermissionError):
        await cast(Any, client).publish(CHANNEL, _encode(notice))
