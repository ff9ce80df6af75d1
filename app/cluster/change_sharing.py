"""Shares what operators change of running servers with all machines, including servers that are started later."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import msgspec

from actors.errors import StoreError
from app.cluster.cluster import Cluster
from app.cluster.worker_requests import YES
from app.server.processes.worker_bus import WorkerBusError

log = logging.getLogger(__name__)

REACHABLE_S = 10.0
"""Seconds within which a worker has to be reachable to get a change of another one; later it gets it with the next
change."""


class Changes(Protocol):
    """What operators change of one thing in one worker. Of two changes the later one holds, in whichever order they
    arrive.
    """

    @property
    def made(self) -> Any:
        """All changes made so far, merged."""

    tell_others: Callable[[Any], Awaitable[None]] | None

    async def take(self, changes: Any) -> None:
        """Apply a change that was made on another machine, in every worker of this server."""


class ChangeSharing:
    """Tells other workers what an operator has changed at one of them. Belongs to the loop's thread.

    It is made before the cluster starts.

    Args:
        cluster: the other workers.
        about: what is changed, such as `agents`.
        changes: those of this worker.
        type_: of `changes.made`, and of what others are told.
    """

    def __init__(self, cluster: Cluster, about: str, changes: Changes, type_: Any) -> None:
        self._cluster = cluster
        self._about = about
        self._changed = f"{about} changed"
        self._changes = changes
        self._decode: Callable[[bytes], Any] = msgspec.msgpack.Decoder(type_).decode
        changes.tell_others = self._tell
        cluster.on(self._changed, self._taken)
        cluster.on(about, self._made)
        cluster.after_start(self.learn)

    async def learn(self) -> None:
        """Apply the changes that were made on other machines before this worker was started."""
        try:
            async with asyncio.timeout(REACHABLE_S):
                await self._cluster.requests.is_reachable.wait()
            answers, _ = await self._cluster.gather(self._about, b"")
            for answer in answers:
                await self._changes.take(self._decode(answer))
        except (TimeoutError, StoreError, WorkerBusError, msgspec.MsgspecError) as error:
            line = "it is not known what operators have changed of the %s on other machines: %s"
            log.warning(line, self._about, type(error).__name__)

    async def _tell(self, changes: Any) -> None:
        if not self._cluster.is_running:
            return
        try:
            _, missing = await self._cluster.gather(self._changed, msgspec.msgpack.encode(changes))
        except StoreError as error:
            raise WorkerBusError(f"this server has the change, and others cannot be told: {error.detail}") from None
        if missing:
            text = f"this server has the change, and workers elsewhere may not: {missing} of them do not answer"
            raise WorkerBusError(text)

    async def _taken(self, payload: bytes) -> bytes:
        await self._changes.take(self._decode(payload))
        return YES

    async def _made(self, _: bytes) -> bytes:
        return msgspec.msgpack.encode(self._changes.made)
