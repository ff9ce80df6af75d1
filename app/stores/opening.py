"""Opens the session store that the settings name, and tries whether Redis can be used.

The client of Redis is imported only where Redis is configured.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from actors.errors import StoreError
from actors.ports.clock import Clock, Random
from actors.ports.store import SessionStore
from app.stores.redis_address import redis_address
from config.settings import Settings


@runtime_checkable
class SharedStore(Protocol):
    """A store that several workers share: each worker claims its sessions."""

    def session_opened(self, session_id: str) -> None:
        """Claim a session that begins at this worker or is resumed here."""
        ...

    def session_left(self, session_id: str) -> None:
        """Stop writing a session that another worker has taken over."""
        ...

    def save_again(self, session_id: str) -> None:
        """Write the newest record of a session of this worker once more, which the store may have lost; never waits."""
        ...

    def keep_checkpoint(self, session_id: str, data: bytes) -> None:
        """Keep the checkpoint of a session of this worker in place of the former one; never waits."""
        ...

    def forget_checkpoint(self, session_id: str) -> None:
        """Remove the checkpoint of a session of this worker that has ended; never waits."""
        ...

    async def load_checkpoint(self, session_id: str) -> bytes | None:
        """The newest checkpoint of a session, whichever worker stored it; None if there is none.

        Raises:
            StoreError: the store cannot be used.
        """
        ...

    def keep_call_record(self, session_id: str, data: bytes) -> None:
        """Keep the call record of a session that was over at this worker; never waits."""
        ...

    async def load_call_record(self, session_id: str) -> bytes | None:
        """The call record of a session that is over, whichever worker had it; None if there is none.

        Raises:
            StoreError: the store cannot be used.
        """
        ...

    async def check_claims(self, session_ids: Sequence[str]) -> None:
        """Ask Redis which of these sessions another worker has taken over, and leave those.

        Raises:
            StoreError: the store cannot be used.
        """
        ...


def open_store(
    settings: Settings, memory: SessionStore, clock: Clock, random: Random, on_moved: Callable[[str], None]
) -> SessionStore:
    """The store in Redis in front of `memory` where Redis is configured, else `memory`. Nothing is connected yet.

    `on_moved` is called with the id of a session of this worker that another worker has gone on with.

    Raises:
        SettingsError: Redis cannot be used as it is configured.
    """
    address = redis_address(settings)
    if address is None:
        return memory
    from app.stores.redis_connection import RedisConnection
    from app.stores.redis_store import RedisStore

    return RedisStore(RedisConnection(address), memory, clock, random, settings.redis.record_ttl_s, on_moved)


def try_store(settings: Settings) -> str:
    """Connect to the store once, and return a short description of it. Blocks: do not call it on an event loop.

    Raises:
        SettingsError: Redis cannot be used as it is configured.
        StoreError: it cannot be reached, takes no writes, or cannot be used; `detail` names its address.
    """
    address = redis_address(settings)
    if address is None:
        return "off (REDIS_URL or REDIS_HOST): one worker and one replica with telephony, and records end with it"
    from app.stores.redis_connection import RedisConnection
    from app.stores.redis_probe import probe

    async def tried() -> str:
        connection = RedisConnection(address, on_failure=lambda failure: None)
        try:
            return await probe(connection)
        except StoreError as failure:
            raise StoreError(failure.kind, f"{address}: {failure.detail}") from None
        finally:
            await connection.close()

    return asyncio.run(tried())
