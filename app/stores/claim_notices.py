"""Notices of claims between workers: one whose session goes on elsewhere hears of it at once, not at its next write.

They go over Redis pub/sub, which loses what is said while nobody is connected: then the next write tells
(`session_claims.py`). A worker that stood still finds them in its socket, before it has written anything.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import msgspec
from redis import exceptions

from actors.ports.clock import Random
from app.stores.redis_clients import RedisClient, close_client
from app.stores.redis_connection import RedisConnection

log = logging.getLogger(__name__)

CHANNEL = "earshot:claims"
READ_S = 5.0
"""A subscription that is silent for so long is looked after: its connection is asked whether it still lives."""
AGAIN_S = 1.0
"""After a subscription that failed, with up to as much more, so that workers do not come back together."""


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
        self._connection = connection
        self._random = random
        self._hear = hear
        self.is_subscribed = asyncio.Event()
        """Set while notices come in."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="redis.claims")

    async def close(self) -> None:
        """End the subscription: notices that come from now on are not heard."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            try:
                # A connection of its own: one that waits for notices is none for commands.
                client = await self._connection.subscriber()
                try:
                    await self._listen(client)
                finally:
                    self.is_subscribed.clear()
                    await close_client(client)
            except (exceptions.RedisError, exceptions.RedisClusterException, OSError) as error:
                log.debug("notices of other workers do not come in: %s", type(error).__name__)
            await asyncio.sleep(AGAIN_S * self._random.uniform(1.0, 2.0))

    async def _listen(self, client: RedisClient) -> None:
        async with cast(Any, client).pubsub() as subscription:
            await subscription.subscribe(CHANNEL)
            while True:
                message = await subscription.get_message(timeout=READ_S)
                if message is None:
                    continue
                if message["type"] == "subscribe":
                    self.is_subscribed.set()
                elif message["type"] == "message":
                    # Of another version of the server, perhaps.
                    with suppress(msgspec.MsgspecError):
                        self._hear(_decode(message["data"]))


async def publish(client: RedisClient, notice: ClaimNotice) -> None:
    """Tell all workers. A user of Redis who may not publish tells nobody: then the next writes do."""
    with suppress(exceptions.NoPermissionError):
        await cast(Any, client).publish(CHANNEL, _encode(notice))
