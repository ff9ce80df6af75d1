"""Addresses of Redis as the product reads them, and waits for what reaches it in its own time."""

import asyncio
from collections.abc import Awaitable, Callable

from app.stores.redis_address import RedisAddress, redis_address
from config.settings import Settings


def address_of(url: str) -> RedisAddress:
    """The address that REDIS_URL names."""
    found = redis_address(Settings.read({"REDIS_URL": url}))
    assert found is not None
    return found


async def soon(holds: Callable[[], Awaitable[bool]], within_s: float = 60.0) -> None:
    """Wait until something holds.

    Raises:
        TimeoutError: it did not in time.
    """
    async with asyncio.timeout(within_s):
        for _ in iter(int, 1):
            if await holds():
                return
            await asyncio.sleep(0.02)
