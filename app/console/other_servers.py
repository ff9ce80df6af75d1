"""What the workers of other servers tell of themselves while somebody looks at a console here: asked over Redis, every
second.

Whose session a dead worker of this server had is asked along with it: what is lost here may go on there.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Protocol

import msgspec

from actors.errors import StoreError
from app.cluster.worker_requests import Handle
from app.console.troubles import WorkerSummary
from app.server.processes.gone_workers import GoneWorker

log = logging.getLogger(__name__)

SUMMARY, DRAIN = "console summary", "console drain"
EVERY_S = 1.0
WATCHED_S = 6.0
"""Seconds after the last sign of an open console for which other servers are asked for their workers."""
FORGOTTEN_S = 60.0
"""Seconds without a report after which a worker is no longer shown."""
DRAIN_S = 2.0
MOST_LOST = 400
"""The most sessions of dead workers that are asked after: those that are named of ten workers."""
YES = b"yes"


class Cluster(Protocol):
    """The workers of all servers, as far as the console asks them."""

    worker: str
    """The id of this worker, unique on all machines"""
    is_running: bool

    def on(self, topic: str, handle: Handle) -> None:
        """Have `handle` answer what other workers ask about `topic`."""

    async def gather(self, topic: str, payload: bytes) -> tuple[list[bytes], int]:
        """What all other workers answer, and how many do not."""

    async def ask(self, worker: str, topic: str, payload: bytes, within_s: float) -> bytes:
        """What the worker of that id answers."""


class Asked(msgspec.Struct, frozen=True):
    """What a worker is asked. `lost`: sessions of dead workers, by their ids, which may go on elsewhere."""

    lost: list[str]


class Told(msgspec.Struct, frozen=True):
    """What it answers. `worker`: its id in the cluster; `gone`: what its server knows of workers that have died; `has`:
    which of the sessions that were asked after are live there.
    """

    worker: str
    summary: WorkerSummary
    gone: list[GoneWorker]
    has: list[str]


class Found(msgspec.Struct, frozen=True):
    """The worker at which a session goes on, and its machine."""

    worker: int
    host: str


_encode = msgspec.msgpack.Encoder().encode
_asked = msgspec.msgpack.Decoder(Asked).decode
_told = msgspec.msgpack.Decoder(Told).decode


class OtherServers:
    """Asks them, and answers for this worker. Belongs to the loop's thread.

    Args:
        cluster: the way to their workers; it is not to have started yet.
        server: which server this worker is of.
        own: makes the summary of this worker.
        own_gone: the workers of this server that have died lately.
        is_live: whether a session is live at this worker.
        wall: the time in seconds since 1970.
        drain: has this worker drain.
    """

    def __init__(
        self,
        cluster: Cluster,
        server: str,
        *,
        own: Callable[[], WorkerSummary],
        own_gone: Callable[[], list[GoneWorker]],
        is_live: Callable[[str], bool],
        wall: Callable[[], float],
        drain: Callable[[], None],
    ) -> None:
        self._cluster = cluster
        self._server = server
        self._own = own
        self._own_gone = own_gone
        self._is_live = is_live
        self._wall = wall
        self._drain = drain
        self._until = 0.0
        self._asking: asyncio.Task[None] | None = None
        self._heard: dict[str, Told] = {}
        self._goes_on: dict[str, Found] = {}
        """Sessions of dead workers that other servers go on with, which their own server does not know."""
        self.unheard = ""
        """Why nothing can be learned about other servers; empty while they can be asked."""
        cluster.on(SUMMARY, self._answer)
        cluster.on(DRAIN, self._ordered)

    def watch(self) -> None:
        """Have them asked for the next seconds; harmless if they are already."""
        if not self._cluster.is_running:
            return
        self._until = self._wall() + WATCHED_S
        if self._asking is None or self._asking.done():
            self._asking = asyncio.get_running_loop().create_task(self._keep_asking(), name="console.others")

    def workers(self) -> list[WorkerSummary]:
        """What was last heard of each worker of other servers."""
        now = self._wall()
        self._heard = {worker: each for worker, each in self._heard.items() if now - each.summary.at < FORGOTTEN_S}
        return [each.summary for each in self._heard.values()]

    def gone(self) -> list[GoneWorker]:
        """What other servers know of workers of theirs that have died."""
        told = {(each.summary.server, dead.worker): dead for each in self._heard.values() for dead in each.gone}
        return list(told.values())

    def corrected(self, gone: GoneWorker) -> GoneWorker:
        """A dead worker, with those of its sessions that go on at another server than its own."""
        sessions, found = [], 0
        for each in gone.sessions:
            there = None if each.goes_on_at else self._goes_on.get(each.session_id)
            if there is not None:
                found += 1
                each = msgspec.structs.replace(each, goes_on_at=there.worker, host=there.host)
            sessions.append(each)
        sessions.sort(key=lambda each: each.goes_on_at != 0)
        return msgspec.structs.replace(gone, sessions=tuple(sessions), lost=gone.lost - found)

    async def drain(self, server: str, worker: int) -> None:
        """Order a worker of another server to drain.

        Raises:
            LookupError: nothing was heard of such a worker.
            WorkerSilentError: it does not answer.
        """
        for each in self._heard.values():
            if (each.summary.server, each.summary.worker) == (server, worker):
                await self._cluster.ask(each.worker, DRAIN, b"", DRAIN_S)
                return
        raise LookupError(f"there is no worker {worker} of that server")

    async def _keep_asking(self) -> None:
        while self._wall() < self._until and self._cluster.is_running:
            try:
                answers, _ = await self._cluster.gather(SUMMARY, _encode(Asked(self._lost())))
            except StoreError as error:
                self.unheard = error.detail
            else:
                self.unheard = ""
                self._take(answers)
            await asyncio.sleep(EVERY_S)

    def _lost(self) -> list[str]:
        """Sessions of dead workers with which nobody is known to have gone on."""
        gone = [*self._own_gone(), *self.gone()]
        names = [each.session_id for dead in gone for each in dead.sessions if not each.goes_on_at]
        here = self._own()
        self._goes_on |= {name: Found(here.worker, here.host) for name in names if self._is_live(name)}
        self._goes_on = {name: self._goes_on[name] for name in names if name in self._goes_on}
        return [name for name in names if name not in self._goes_on][:MOST_LOST]

    def _take(self, answers: Iterable[bytes]) -> None:
        now = self._wall()
        for answer in answers:
            try:
                told = _told(answer)
            except msgspec.MsgspecError as error:
                # Of another version of the server, perhaps.
                log.debug("what a worker tells of itself cannot be read: %s", type(error).__name__)
                continue
            for session_id in told.has:
                self._goes_on[session_id] = Found(told.summary.worker, told.summary.host)
            # What else those of this server tell is heard of within it.
            if told.summary.server != self._server:
                self._heard[told.worker] = by_our_clock(told, now)

    async def _answer(self, payload: bytes) -> bytes:
        has = [each for each in _asked(payload).lost[:MOST_LOST] if self._is_live(each)]
        return _encode(Told(self._cluster.worker, self._own(), self._own_gone(), has))

    async def _ordered(self, _: bytes) -> bytes:
        log.warning("this worker drains: an operator has ordered it to, at another server")
        self._drain()
        return YES


def by_our_clock(told: Told, now: float) -> Told:
    """What another server has told, with times of this machine's clock: the other's may be wrong by minutes."""
    ahead = told.summary.at - now
    approvals = tuple(
        msgspec.structs.replace(each, asked_at=each.asked_at - ahead, expires_at=each.expires_at - ahead)
        for each in told.summary.approvals
    )
    summary = msgspec.structs.replace(told.summary, at=now, approvals=approvals)
    gone = [msgspec.structs.replace(each, at=each.at - ahead) for each in told.gone]
    return msgspec.structs.replace(told, summary=summary, gone=gone)
