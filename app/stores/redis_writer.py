"""Writes to Redis in one background task, so that no conversation waits for a write.

Of what is to be written under one key only the newest waits. What is to be written more than `most` keys at once is
dropped, the oldest first: Redis is down, and what it will have then is still all that is newest.

Writes that wait one behind the other and can be sent together are one request (`Together`): to write each by itself
costs three times the CPU.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from opentelemetry import metrics

from actors.errors import StoreError
from actors.ports.clock import Random
from app.stores.redis_clients import RedisClient
from app.stores.redis_connection import RedisConnection, is_about_the_command

log = logging.getLogger(__name__)

MOST_WAITING = 2_000
MOST_TOGETHER = 32
"""The most writes in one request."""
PAUSES_S = (0.1, 0.2, 0.5, 1.0, 2.0)
"""Seconds after failures in a row before the next write, each cut at random by up to a half, so that workers do not
come back together."""
FLUSH_S = 2.0
"""Seconds for the last writes at the end of the process."""

Write = Callable[[RedisClient], Awaitable[object]]
"""A write to Redis. It must be harmless if it is done twice: whether one that timed out was done is not known."""
Together = Callable[[RedisClient, Sequence[Any]], Awaitable[object]]
"""Does several writes in one request. It raises where Redis refuses one of them, and each is then done by itself."""

_Waiting = tuple[str, Write, Together | None]

_dropped = metrics.get_meter("earshot").create_counter(
    "earshot.redis.dropped_writes", description="Writes that were given up: too many waited, or Redis refused them"
)


class RedisWriter:
    """Writes to Redis in one background task, key by key. Use it on the event loop's thread."""

    def __init__(self, connection: RedisConnection, random: Random, most: int = MOST_WAITING) -> None:
        self._connection = connection
        self._random = random
        self._most = most
        self._waiting: OrderedDict[str, tuple[Write, Together | None]] = OrderedDict()
        self._wanted = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._is_full = False
        self._is_closed = False
        self._task = asyncio.get_running_loop().create_task(self._run(), name="redis.writer")

    @property
    def waiting(self) -> int:
        """The number of writes that wait, without those under way."""
        return len(self._waiting)

    def put(self, key: str, write: Write, together: Together | None = None) -> None:
        """Queue `write` in place of one that waits under the same key; never waits.

        Where there is `together`, it is called with this write and those around it in the queue that came with it.
        """
        self._waiting[key] = write, together
        self._idle.clear()
        self._drop_oldest()
        self._wanted.set()

    def _drop_oldest(self) -> None:
        """Give up what is more than may wait."""
        while len(self._waiting) > self._most:
            self._waiting.popitem(last=False)
            _dropped.add(1, {"reason": "too many"})
            if not self._is_full:
                self._is_full = True
                log.warning("more than %d records wait for Redis: the oldest are given up", self._most)

    async def settled(self, within_s: float) -> bool:
        """Wait until all queued writes are done; returns False if that takes longer than `within_s` seconds."""
        try:
            async with asyncio.timeout(within_s):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Do the queued writes, for at most FLUSH_S seconds; those left then are lost with the process."""
        if not await self.settled(FLUSH_S):
            log.warning("%d records were not written to Redis before the end", self.waiting)
        # A cancellation may be swallowed on its way through the client, if an answer comes in the same turn.
        self._is_closed = True
        self._task.cancel()
        await asyncio.wait([self._task], timeout=FLUSH_S)

    async def _run(self) -> None:
        failed, most = 0, MOST_TOGETHER
        while not self._is_closed:
            await self._wanted.wait()
            if await self._written(self._next(most)):
                failed, most = 0, min(2 * most, MOST_TOGETHER)
            else:
                # A request of many writes may have been too much for a slow network.
                most = 1
                pause_s = PAUSES_S[min(failed, len(PAUSES_S) - 1)]
                failed += 1
                await asyncio.sleep(pause_s * self._random.uniform(0.5, 1.0))
            if not self._waiting:
                self._wanted.clear()
                self._idle.set()
                self._is_full = False

    def _next(self, most: int) -> list[_Waiting]:
        """Take the oldest write out of the queue, and up to `most` with those behind it that can be sent together."""
        key, (write, together) = self._waiting.popitem(last=False)
        taken = [(key, write, together)]
        while together is not None and len(taken) < most and self._waiting:
            key, (write, other) = next(iter(self._waiting.items()))
            if other != together:
                break
            del self._waiting[key]
            taken.append((key, write, together))
        return taken

    async def _written(self, taken: list[_Waiting]) -> bool:
        """False if Redis could not be used, so that what is not written waits again."""
        if len(taken) > 1 and (together := taken[0][2]) is not None:
            try:
                writes = [write for _, write, _ in taken]
                await self._connection.run(lambda client: together(client, writes), writes=True)
            except StoreError as failure:
                if not is_about_the_command(failure):
                    self._wait_again(taken)
                    return False
                log.debug("writes are tried one by one: %s", failure.detail)
            except Exception as error:
                log.exception("of several writes one is faulty, and each is done by itself: %s", type(error).__name__)
            else:
                return True
        for number, (_, write, _) in enumerate(taken):
            if not await self._one_written(write):
                self._wait_again(taken[number:])
                return False
        return True

    def _wait_again(self, taken: list[_Waiting]) -> None:
        """Put writes back to where they were in the queue, but for those of which there is a newer one."""
        for key, write, together in reversed(taken):
            self._waiting.setdefault(key, (write, together))
            self._waiting.move_to_end(key, last=False)
        self._drop_oldest()

    async def _one_written(self, write: Write) -> bool:
        """False if Redis could not be used."""
        try:
            await self._connection.run(write, writes=True)
        except StoreError as failure:
            if not is_about_the_command(failure):
                return False
            _dropped.add(1, {"reason": "refused"})
            log.warning("a record is not stored: %s", failure.detail)
        except Exception as error:
            # A defect that one record brings out must not end the writing of all others.
            _dropped.add(1, {"reason": "fault"})
            log.exception("a record cannot be written: %s", type(error).__name__)
        return True
