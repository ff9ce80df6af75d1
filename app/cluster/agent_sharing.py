"""What operators change of agents holds on all machines, those that are started later included."""

import asyncio
import logging

import msgspec

from actors.errors import StoreError
from app.agents.agent_changes import AgentChanges, Changes
from app.cluster.cluster import Cluster
from app.cluster.hand_over import YES
from app.server.worker_bus import WorkerBusError

log = logging.getLogger(__name__)

CHANGED, MADE = "agents changed", "agents"
REACHABLE_S = 10.0
"""A worker that cannot be reached by the others after this learns of their changes with the next one only."""

_decode = msgspec.msgpack.Decoder(Changes).decode


class AgentSharing:
    """Of one worker; belongs to the loop's thread. The cluster is not to have started yet."""

    def __init__(self, cluster: Cluster, changes: AgentChanges) -> None:
        self._cluster = cluster
        self._changes = changes
        changes.tell_others = self._tell
        cluster.on(CHANGED, self._taken)
        cluster.on(MADE, self._made)
        cluster.after_start(self.learn)

    async def learn(self) -> None:
        """Take what was changed on other machines before this worker was started."""
        try:
            async with asyncio.timeout(REACHABLE_S):
                await self._cluster.requests.is_reachable.wait()
            answers, _ = await self._cluster.gather(MADE, b"")
            for answer in answers:
                await self._changes.take(_decode(answer))
        except (TimeoutError, StoreError, WorkerBusError, msgspec.MsgspecError) as error:
            log.warning(
                "it is not known what operators have changed of agents on other machines: %s", type(error).__name__
            )

    async def _tell(self, changes: Changes) -> None:
        if not self._cluster.is_running:
            return
        try:
            _, missing = await self._cluster.gather(CHANGED, msgspec.msgpack.encode(changes))
        except StoreError as error:
            raise WorkerBusError(f"this server has the change, and others cannot be told: {error.detail}") from None
        if missing:
            text = f"this server has the change, and workers elsewhere may not: {missing} of them do not answer"
            raise WorkerBusError(text)

    async def _taken(self, payload: bytes) -> bytes:
        await self._changes.take(_decode(payload))
        return YES

    async def _made(self, _: bytes) -> bytes:
        return msgspec.msgpack.encode(self._changes.made)
