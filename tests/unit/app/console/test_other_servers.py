"""Workers of other servers are asked while somebody looks, and no longer; what they tell is by this machine's clock."""

import asyncio

import msgspec
import pytest

from actors.errors import ErrorKind, StoreError
from actors.runtime.clock import run_virtual
from app.cluster.worker_requests import Handle, WorkerSilentError
from app.console.other_servers import DRAIN, FORGOTTEN_S, SUMMARY, WATCHED_S, Asked, OtherServers, Told
from app.console.troubles import ConsoleApproval, ConsoleSession, WorkerSummary
from app.server.processes.gone_workers import GoneSession, GoneWorker

HERE, THERE = "server-a", "server-b"
AHEAD_S = 300.0
"""So much later is it by the clock of the other machine."""


def summary(worker: int, server: str, at: float, session: str = "") -> WorkerSummary:
    told = ConsoleSession(
        session_id=session, channel="browser", mode="media", agent="tester", state="live", turn=1, age_s=9.0,
        weight=50, troubles=("synthesizer was started again once",),
    )  # fmt: skip
    approval = ConsoleApproval(
        session_id=session,
        approval_id="1",
        agent="tester",
        tool="refund",
        arguments="",
        asked_at=at,
        expires_at=at + 60,
    )
    return WorkerSummary(
        worker=worker, server=server, host=f"host of {server}", at=at, phase="ready", sessions=1, max_sessions=9,
        lag_ms=1.0, weight=50, troubles=(), trouble_weights=(), worst=(told,) if session else (),
        approvals=(approval,) if session else (),
    )  # fmt: skip


def dead(worker: int, at: float, *sessions: str) -> GoneWorker:
    names = tuple(GoneSession(each) for each in sessions)
    return GoneWorker(worker=worker, at=at, status=-9, live=len(names), lost=len(names), sessions=names)


class Cluster:
    """Two servers in one process: what one of them asks the other one's handlers answer."""

    def __init__(self, worker: str) -> None:
        self.worker = worker
        self.is_running = True
        self.handlers: dict[str, Handle] = {}
        self.others: list[Cluster] = []
        self.failure: StoreError | None = None
        self.asked: list[bytes] = []

    def on(self, topic: str, handle: Handle) -> None:
        self.handlers[topic] = handle

    async def gather(self, topic: str, payload: bytes) -> tuple[list[bytes], int]:
        self.asked.append(payload)
        if self.failure is not None:
            raise self.failure
        return [await each.handlers[topic](payload) for each in self.others], 0

    async def ask(self, worker: str, topic: str, payload: bytes, within_s: float) -> bytes:
        for each in self.others:
            if each.worker == worker:
                return await each.handlers[topic](payload)
        raise WorkerSilentError("silent")


class Server:
    """One worker of a server, whose clock may go wrong."""

    def __init__(self, server: str, worker: int, ahead_s: float = 0.0) -> None:
        self.cluster = Cluster(f"{server} {worker}")
        self.ahead_s = ahead_s
        self.gone: list[GoneWorker] = []
        self.live = {"theirs"}
        self.drained = 0
        self.others = OtherServers(
            self.cluster,
            server,
            own=lambda: summary(worker, server, self.wall(), "theirs" if server == THERE else ""),
            own_gone=lambda: self.gone,
            is_live=lambda session_id: session_id in self.live and server == THERE,
            wall=self.wall,
            drain=self._drain,
        )

    def wall(self) -> float:
        return asyncio.get_running_loop().time() + self.ahead_s

    def _drain(self) -> None:
        self.drained += 1

    async def looks(self, seconds: int) -> None:
        """A console is open for so long."""
        for _ in range(seconds):
            self.others.watch()
            await asyncio.sleep(1)


def two() -> tuple[Server, Server]:
    here, there = Server(HERE, 7), Server(THERE, 7, AHEAD_S)
    here.cluster.others = [there.cluster, Server(HERE, 8).cluster]
    there.cluster.others = [here.cluster]
    return here, there


def test_others_are_asked_only_while_somebody_looks() -> None:
    async def main() -> None:
        here, _ = two()
        await asyncio.sleep(60)
        assert here.cluster.asked == []
        await here.looks(20)
        assert 18 <= len(here.cluster.asked) <= 22
        await asyncio.sleep(WATCHED_S + 2)
        asked = len(here.cluster.asked)
        await asyncio.sleep(60)
        assert len(here.cluster.asked) == asked
        here.cluster.is_running = False
        await here.looks(3)
        assert len(here.cluster.asked) == asked

    run_virtual(main())


def test_a_worker_of_another_server_is_shown_by_this_machines_clock_until_it_is_silent_for_a_while() -> None:
    async def main() -> None:
        here, _ = two()
        await here.looks(3)
        (shown,) = here.others.workers()
        assert (shown.server, shown.worker, shown.host) == (THERE, 7, f"host of {THERE}")
        assert shown.worst[0].session_id == "theirs"
        now = here.wall()
        assert now - 2 < shown.at <= now, "its own clock is five minutes ahead"
        assert 55 < shown.approvals[0].expires_at - now <= 60
        here.cluster.others = []
        await here.looks(5)
        (silent,) = here.others.workers()
        assert silent.at == shown.at
        await asyncio.sleep(FORGOTTEN_S)
        assert here.others.workers() == []

    run_virtual(main())


def test_what_cannot_be_asked_is_said_and_takes_nobody_for_dead() -> None:
    async def main() -> None:
        here, _ = two()
        await here.looks(2)
        here.cluster.failure = StoreError(ErrorKind.UNAVAILABLE, "redis is away")
        await here.looks(3)
        assert here.others.unheard == "redis is away"
        assert len(here.others.workers()) == 1
        here.cluster.failure = None
        await here.looks(2)
        assert here.others.unheard == ""

    run_virtual(main())


def test_sessions_of_a_dead_worker_that_go_on_at_another_server_are_not_lost() -> None:
    async def main() -> None:
        here, there = two()
        here.gone = [dead(6, 0.0, "theirs", "nobodys")]
        there.gone = [dead(5, there.wall(), "elsewhere")]
        await here.looks(3)
        (payload,) = {each for each in here.cluster.asked if each == here.cluster.asked[-1]}
        assert msgspec.msgpack.decode(payload, type=Asked).lost == ["nobodys", "elsewhere"], (
            "what was found is not asked"
        )
        shown = here.others.corrected(here.gone[0])
        assert (shown.live, shown.lost) == (2, 1)
        assert shown.sessions == (GoneSession("nobodys"), GoneSession("theirs", 7, f"host of {THERE}"))
        (of_there,) = here.others.gone()
        assert of_there.worker == 5
        assert abs(of_there.at - here.wall()) < 10

    run_virtual(main())


def test_a_worker_of_another_server_drains_when_it_is_ordered_to() -> None:
    async def main() -> None:
        here, there = two()
        with pytest.raises(LookupError):
            await here.others.drain(THERE, 7)
        await here.looks(2)
        await here.others.drain(THERE, 7)
        assert (here.drained, there.drained) == (0, 1)
        with pytest.raises(LookupError):
            await here.others.drain(THERE, 8)
        here.cluster.others = []
        with pytest.raises(WorkerSilentError):
            await here.others.drain(THERE, 7)

    run_virtual(main())


def test_what_another_version_tells_is_left_out() -> None:
    async def main() -> None:
        here, there = two()

        async def nonsense(_: bytes) -> bytes:
            return b"\xc1"

        there.cluster.handlers[SUMMARY] = nonsense
        await here.looks(2)
        assert here.others.workers() == []
        assert set(there.cluster.handlers) == {SUMMARY, DRAIN}

    run_virtual(main())


def test_one_answer_holds_what_was_asked_after() -> None:
    async def main() -> None:
        _, there = two()
        answer = await there.cluster.handlers[SUMMARY](msgspec.msgpack.encode(Asked(["theirs", "nobodys"])))
        told = msgspec.msgpack.decode(answer, type=Told)
        assert (told.worker, told.has) == (f"{THERE} 7", ["theirs"])

    run_virtual(main())
