"""What all workers tell of themselves while somebody looks: a summary a second, within a server over the worker bus,
from other servers over Redis.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from typing import Any

import msgspec

from app.console.other_servers import FORGOTTEN_S, OtherServers
from app.console.troubles import WorkerSummary
from app.server.processes.gone_workers import GONE, GoneWorker, gone_in
from app.server.processes.worker_bus import WorkerBus, WorkerBusError
from app.server.processes.worker_pipe import OF_WORKER, WorkerNotice

log = logging.getLogger(__name__)

WATCH = "console watch"
DRAIN = "console drain"
EVERY_S = 1.0
WATCHED_S = 6.0
"""Seconds after the last sign of an open console for which workers report; an open console gives one again and
again."""
GONE_SHOWN_S = 900.0
"""Seconds for which a worker that has died is shown, also to consoles that are opened later."""
DRAIN_WITHIN_S = 10.0
"""Seconds after which an order to drain is ignored, since the process it was meant for may be gone."""


class OverviewMessage(msgspec.Struct, frozen=True, tag_field="type", tag="overview"):
    """What each console is sent every second: all workers, the worst first; and those that have died lately, the last
    one first. `unheard`: why nothing is heard of other servers at present."""

    workers: list[WorkerSummary]
    gone: list[GoneWorker] = []
    unheard: str = ""


class Draining(msgspec.Struct, frozen=True, kw_only=True):
    """A worker that has been ordered to drain, by the number of its process."""

    worker: int
    status: str = "draining"


class Overview:
    """This worker's part in the overview of all workers. Belongs to the loop's thread.

    Args:
        own: makes the summary of this worker.
        worker_bus: the way to the others.
        wall: the time in seconds since 1970.
        drain: has this worker drain.
        others: what is heard of other servers; None where nobody asks them.
    """

    def __init__(
        self,
        own: Callable[[], WorkerSummary],
        worker_bus: WorkerBus,
        wall: Callable[[], float],
        drain: Callable[[], None],
        others: OtherServers | None = None,
    ) -> None:
        self._own = own
        self._worker_bus = worker_bus
        self._wall = wall
        self._drain = drain
        self._others = others
        self._host = socket.gethostname()
        self._until = 0.0
        self._telling: asyncio.Task[None] | None = None
        self._heard: dict[int, WorkerSummary] = {}
        self._gone: list[GoneWorker] = []
        worker_bus.on_notice(self._noticed)

    async def watch(self) -> None:
        """Have every worker tell of itself for the next seconds; harmless if they do already."""
        if self._others is not None:
            self._others.watch()
        if self._until - self._wall() < WATCHED_S / 2:
            await self._tell(WATCH, {"until": self._wall() + WATCHED_S})

    def message(self) -> OverviewMessage:
        """What a console is sent now."""
        unheard = "" if self._others is None else self._others.unheard
        return OverviewMessage(self.workers(), self.gone(), unheard)

    def workers(self) -> list[WorkerSummary]:
        """What was last heard of each worker of all servers, this one at present included; the worst first."""
        others = [] if self._others is None else self._others.workers()
        return sorted([*self._of_server(), *others], key=lambda each: (-each.weight, each.host, each.worker))

    def _of_server(self) -> list[WorkerSummary]:
        now = self._wall()
        dead = {each.worker: each.at for each in self._gone}
        self._heard = {
            worker: each
            for worker, each in self._heard.items()
            if now - each.at < FORGOTTEN_S and (worker not in dead or each.at > dead[worker])
        }
        self._heard[os.getpid()] = self._own()
        return list(self._heard.values())

    def gone(self) -> list[GoneWorker]:
        """The workers that have died lately, the last one first."""
        gone = self.own_gone()
        if self._others is not None:
            gone = [*map(self._others.corrected, gone), *self._others.gone()]
        return sorted(gone, key=lambda each: each.at, reverse=True)

    def own_gone(self) -> list[GoneWorker]:
        """Those of this server, as its launcher tells of them."""
        now = self._wall()
        return [msgspec.structs.replace(each, host=self._host) for each in self._gone if now - each.at < GONE_SHOWN_S]

    async def drain(self, worker: int, server: str = "") -> None:
        """Order a worker to drain; another is started in its place. `server`: by default this one.

        Raises:
            LookupError: there is no such worker.
            WorkerBusError: it cannot be told.
            WorkerSilentError: it is of another server, and does not answer.
        """
        if self._others is not None and server not in ("", self._own().server):
            await self._others.drain(server, worker)
            return
        if all(each.worker != worker for each in self._of_server()):
            raise LookupError(f"there is no worker {worker}")
        await self._worker_bus.tell(DRAIN, {"worker": worker, "at": self._wall()})

    def _noticed(self, notice: WorkerNotice) -> None:
        fields = notice.fields
        if notice.topic == WATCH:
            self._until = max(self._until, min(fields["until"], self._wall() + WATCHED_S))
            if self._until > self._wall() and (self._telling is None or self._telling.done()):
                self._telling = asyncio.get_running_loop().create_task(self._keep_telling(), name="overview")
        elif notice.topic.startswith(OF_WORKER):
            summary = msgspec.convert(fields["summary"], WorkerSummary)
            self._heard[summary.worker] = summary
        elif notice.topic == GONE:
            self._gone = gone_in(fields)
        elif notice.topic == DRAIN and self._is_own_drain(fields):
            log.warning("this worker drains: an operator has ordered it to")
            self._drain()

    def _is_own_drain(self, fields: dict[str, Any]) -> bool:
        return bool(fields["worker"] == os.getpid() and self._wall() - fields["at"] < DRAIN_WITHIN_S)

    async def _keep_telling(self) -> None:
        while self._wall() < self._until:
            await self._tell(f"{OF_WORKER}{os.getpid()}", {"summary": msgspec.to_builtins(self._own())})
            await asyncio.sleep(EVERY_S)

    async def _tell(self, topic: str, fields: dict[str, Any]) -> None:
        try:
            await self._worker_bus.tell(topic, fields)
        except WorkerBusError:
            # The bus has left a line, if it is worth one; the next look tries again.
            return
