"""A subscription to one Redis pub/sub channel that connects again after every failure, until it is closed.

Redis loses what is published while a worker is not connected, so each user of this class needs another way to find out.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, cast

from redis import exceptions

from actors.ports.clock import Random
from app.stores.redis_clients import RedisClient, close_client
from app.stores.redis_connection import RedisConnection

log = logging.getLogger(__name__)

CLOSE_S = 2.0
"""Seconds for which a cancelled task is waited for: Redis's client may swallow the cancellation, and then the task ends
with the process."""
READ_S = 5.0
"""Seconds of silence after which the connection of a subscription is checked."""
AGAIN_S = 1.0
"""Seconds after a failed subscription before the next attempt, plus a random part of as much, so that workers do not
come back together."""


class RedisSubscription:
    """Hands on what is published on `channel`, from construction until `close`. Use it on the event loop's thread."""

    def __init__(
        self, connection: RedisConnection, random: Random, channel: str, hear: Callable[[bytes], None]
    ) -> None:
        self._connection = connection
        self._random = random
        self._channel = channel
        self._hear = hear
        self.is_subscribed = asyncio.Event()
        """Set while messages can be received."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="redis.subscription")

    async def close(self) -> None:
        """End the subscription: what is published from now on is not heard."""
        self._task.cancel()
        await asyncio.wait([self._task], timeout=CLOSE_S)

    async def _run(self) -> None:
        while True:
            try:
                # Redis takes no commands on a connection that is subscribed, so the subscription has one of its own.
                client = await self._connection.subscriber()
                try:
                    await self._listen(client)
                finally:
                    self.is_subscribed.clear()
                    await close_client(client)
            except (exceptions.RedisError, exceptions.RedisClusterException, OSError) as error:
                log.debug("messages of other workers do not come in: %s", type(error).__name__)
            await asyncio.sleep(AGAIN_S * self._random.uniform(1.0, 2.0))

    async def _listen(self, client: RedisClient) -> None:
        async with cast(Any, client).pubsub() as subscription:
            await subscription.subscribe(self._channel)
            while True:
                message = await subscription.get_message(timeout=READ_S)
                if message is None:
                    continue
                if message["type"] == "subscribe":
                    self.is_subscribed.set()
                elif message["type"] == "message":
                    self._hear(message["data"])
