"""One worker's connection to Redis: makes the client when it is first needed, and tracks whether Redis answers.

Nothing here is awaited between a caller's audio and the agent's: a conversation goes on whatever Redis does.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from opentelemetry import metrics, trace
from redis import exceptions

from actors.errors import ErrorKind, StoreError
from actors.runtime.session_trace import Peer, peer_attributes
from app.providers.azure.identity import Identity
from app.stores.redis_address import RedisAddress
from app.stores.redis_clients import COMMAND_S, CONNECT_S, RedisClient, close_client, make_client
from app.stores.redis_failures import store_error
from app.stores.redis_identity import REDIS, EntraCredentials

log = logging.getLogger(__name__)

WHOLE_S = CONNECT_S + 5 * COMMAND_S
"""Seconds for a piece of work with Redis, including the time to connect."""
AGAIN_S = 0.5
"""Seconds after a failed connection before the next attempt; commands in between fail at once."""
CLOSE_S = 1.0
CHECK_S = 5
"""Seconds between checks of idle connections; else a connection that was cut off silently is noticed after most of a
minute."""

T = TypeVar("T")

_tracer = trace.get_tracer("earshot")
_failures = metrics.get_meter("earshot").create_counter(
    "earshot.redis.failures", description="Commands that Redis did not carry out, by the kind of failure"
)


def _log_failure(failure: StoreError) -> None:
    log.warning("%s; conversations go on, and what is to be stored waits in memory", failure.detail)


class RedisConnection:
    """The connections of one worker to one Redis, whichever kind it is. Belongs to the loop's thread.

    Args:
        address: where Redis is.
        identity: for an address that has one; by default that of this machine.
        on_failure: called with the first of the failures in a row.
    """

    def __init__(
        self,
        address: RedisAddress,
        identity: Identity | None = None,
        on_failure: Callable[[StoreError], None] = _log_failure,
    ) -> None:
        self.address = address
        host = address.hosts[0][0] if address.hosts else address.path
        self._described = {"db.system.name": "redis", **peer_attributes(Peer("Redis", host))}
        self._on_failure = on_failure
        self._identity = (identity or Identity(purpose=REDIS)) if address.has_identity else None
        self._credentials = None if self._identity is None else EntraCredentials(self._identity)
        if self._identity is not None:
            # A connection is closed by Redis when the token with which it was opened has expired.
            self._identity.follow(self, lambda _token: self._drop())
        self._client: RedisClient | None = None
        self._making = asyncio.Lock()
        self._refused: tuple[float, StoreError] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self.failure: StoreError | None = None
        """Why Redis cannot be used; None while it can."""
        self._failed_at = 0.0

    async def run(self, work: Callable[[RedisClient], Awaitable[T]], *, writes: bool = False) -> T:
        """Do `work` with the client. That Redis can be used again is known by what `writes`: a replica can be read.

        Raises:
            StoreError: it could not be done, or it is not known whether it was.
        """
        span = _tracer.start_span("redis", kind=trace.SpanKind.CLIENT, attributes=self._described)
        try:
            async with asyncio.timeout(WHOLE_S):
                result = await work(await self._connected())
        except (exceptions.RedisError, exceptions.RedisClusterException, StoreError, OSError) as error:
            failure = store_error(error)
            span.set_attribute("error.type", failure.kind.value)
            span.set_status(trace.StatusCode.ERROR)
            if isinstance(error, exceptions.ReadOnlyError | exceptions.MovedError):
                # After a failover the host name may resolve to another server.
                self._drop()
            self._failed(failure)
            raise failure from None
        finally:
            span.end()
        if writes:
            self._succeeded()
        return result

    async def subscriber(self) -> RedisClient:
        """A client for a subscription, which notices a dead connection by itself. The caller of this method closes it.

        Raises:
            RedisError, OSError: Redis cannot be reached.
        """
        return await make_client(self.address, self._credentials, check_s=CHECK_S)

    async def close(self) -> None:
        """Close all connections; what does not close within CLOSE_S is left."""
        self._drop()
        if self._closing:
            await asyncio.wait(self._closing, timeout=CLOSE_S)
        if self._identity is not None:
            await self._identity.close()

    async def _connected(self) -> RedisClient:
        if self._client is not None:
            return self._client
        async with self._making:
            now = asyncio.get_running_loop().time()
            if self._refused is not None and now < self._refused[0]:
                raise self._refused[1]
            if self._client is None:
                try:
                    self._client = await make_client(self.address, self._credentials)
                except (exceptions.RedisError, exceptions.RedisClusterException, OSError) as error:
                    self._refused = (now + AGAIN_S, store_error(error))
                    raise
                self._refused = None
            return self._client

    def _drop(self) -> None:
        """Close the connections, so that the next command opens one."""
        client, self._client = self._client, None
        if client is not None:
            task = asyncio.get_running_loop().create_task(_closed(client), name="redis.close")
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    def _failed(self, failure: StoreError) -> None:
        _failures.add(1, {"kind": failure.kind.value})
        if self.failure is None:
            self._failed_at = asyncio.get_running_loop().time()
            self._on_failure(failure)
        self.failure = failure

    def _succeeded(self) -> None:
        if self.failure is not None:
            log.info("Redis can be used again after %.1f s", asyncio.get_running_loop().time() - self._failed_at)
            self.failure = None


async def _closed(client: RedisClient) -> None:
    try:
        async with asyncio.timeout(CLOSE_S):
            await close_client(client)
    except (exceptions.RedisError, OSError) as error:
        log.debug("a connection to Redis was not closed in order: %s", type(error).__name__)


def is_about_the_command(failure: StoreError) -> bool:
    """Whether the failure lies in the command itself, so that it would fail again on a healthy Redis."""
    return failure.kind is ErrorKind.BAD_REQUEST
