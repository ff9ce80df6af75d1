"""Workers tell of themselves while somebody looks, and no longer; one that is silent is seen to be, and forgotten."""

import asyncio
import os

import msgspec
import pytest

from actors.runtime.clock import run_virtual
from app.console.other_servers import FORGOTTEN_S
from app.console.overview import DRAIN, GONE_SHOWN_S, WATCHED_S, Overview
from app.console.troubles import WorkerSummary
from app.server.processes.gone_workers import GONE, GoneWorkers
from app.server.processes.worker_bus import WorkerBus
from app.server.processes.worker_pipe import WorkerNotice


def summary(worker: int, at: float, weight: int = 0) -> WorkerSummary:
    return WorkerSummary(
        worker=worker, at=at, phase="ready", sessions=1, max_sessions=9, lag_ms=1.0, weight=weight, troubles=(),
        trouble_weights=(), worst=(),
    )  # fmt: skip


class Worker:
    """One worker with an overview, on the clock of the loop, with all that went over its bus."""

    def __init__(self) -> None:
        self.bus = WorkerBus()
        self.heard: list[WorkerNotice] = []
        self.drained = 0
        self.bus.on_notice(self.heard.append)
        self.overview = Overview(lambda: summary(os.getpid(), self.now()), self.bus, self.now, self._drain)

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def _drain(self) -> None:
        self.drained += 1

    def told(self) -> int:
        return len([notice for notice in self.heard if notice.topic == f"worker/{os.getpid()}"])


def test_nobody_tells_anything_unless_somebody_looks() -> None:
    async def main() -> None:
        worker = Worker()
        await asyncio.sleep(60)
        assert worker.heard == []
        for _ in range(20):
            await worker.overview.watch()
            await asyncio.sleep(1)
        told = worker.told()
        assert 18 <= told <= 22
        await asyncio.sleep(WATCHED_S + 1)
        told = worker.told()
        await asyncio.sleep(60)
        assert worker.told() == told

    run_virtual(main())


def test_the_worst_worker_comes_first_and_a_silent_one_is_forgotten_after_a_while() -> None:
    async def main() -> None:
        worker = Worker()
        notice = WorkerNotice("worker/1", {"summary": msgspec.to_builtins(summary(1, worker.now(), weight=50))})
        worker.bus.hear(notice)
        assert [each.worker for each in worker.overview.workers()] == [1, os.getpid()]
        await asyncio.sleep(FORGOTTEN_S - 1)
        assert len(worker.overview.workers()) == 2
        await asyncio.sleep(2)
        assert [each.worker for each in worker.overview.workers()] == [os.getpid()]

    run_virtual(main())


def test_a_worker_that_has_died_is_shown_for_a_while_and_no_more_among_the_living() -> None:
    async def main() -> None:
        worker = Worker()
        await asyncio.sleep(10)
        notice = WorkerNotice("worker/1", {"summary": msgspec.to_builtins(summary(1, worker.now()))})
        worker.bus.hear(notice)
        assert worker.overview.gone() == []
        deaths = GoneWorkers()
        for pid in (1, 2):
            await asyncio.sleep(1)
            deaths.record_death(pid, at=worker.now(), status=-9, sessions=["a"])
        worker.bus.hear(WorkerNotice(GONE, deaths.fields()))
        assert [each.worker for each in worker.overview.gone()] == [2, 1]
        assert [each.worker for each in worker.overview.workers()] == [os.getpid()]
        with pytest.raises(LookupError):
            await worker.overview.drain(1)
        await asyncio.sleep(GONE_SHOWN_S - 0.5)
        assert [each.worker for each in worker.overview.gone()] == [2]
        await asyncio.sleep(1)
        assert worker.overview.gone() == []

    run_virtual(main())


def test_an_order_to_drain_reaches_the_worker_that_is_meant_and_none_that_comes_later() -> None:
    async def main() -> None:
        worker = Worker()
        await worker.overview.drain(os.getpid())
        assert worker.drained == 1
        with pytest.raises(LookupError):
            await worker.overview.drain(1)
        worker.bus.hear(WorkerNotice(DRAIN, {"worker": 1, "at": worker.now()}))
        worker.bus.hear(WorkerNotice(DRAIN, {"worker": os.getpid(), "at": worker.now() - 60}))
        assert worker.drained == 1

    run_virtual(main())
