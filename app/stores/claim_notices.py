"""Notices of claims between workers: a worker hears at once that its session goes on elsewhere, not at its next write.

Notices go over Redis pub/sub, which loses what is published while a worker is not connected: its next write then fails
on the claim (`session_claims.py`). A worker that stood still finds the notices in its socket before it writes anything.
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
        """Set while notices can be received."""

    async def close(self) -> None:
        """End the subscription: notices that come from now on are not heard."""
        await self._subscription.close()

    def _hear(self, data: bytes) -> None:
        # Another version of the server may have sent it.
        with suppress(msgspec.MsgspecError):
            self._take(_decode(data))


async def publish(client: RedisClient, notice: ClaimNotice) -> None:
    """Publish a notice to all workers. A Redis user without that right publishes none: the next writes find out."""
    with suppress(exceptions.NoPermissionError):
        await cast(Any, client).publish(CHANNEL, _encode(notice))
