"""When a worker that ends gives its conversations away, to the moment."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from actors.rules.turn_taking.state import CallerActivity, TurnSnapshot
from actors.session.checkpoint import Checkpoint
from app.cluster.hand_over import LEFT_S, LOOK_S, SENT_LOOK_S, TAKE, HandOver
from app.cluster.worker_requests import NO, YES
from app.server.lifecycle import Lifecycle
from app.telephony.call import Call, Direction
from app.telephony.order_book import OrderKind, OrderState
from tests.kit.session_kit import AGENT
from tests.kit.virtual_time import on_virtual_time

SPEAKS = TurnSnapshot(caller=CallerActivity.TALKING)


class Worker:
    """A worker that ends, beside one that takes each call that it finds in Redis, as soon as it is asked."""

    worker = "this one"

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.found_at = 0.0
        """From when on the calls are found in Redis."""
        self.asked_at: list[float] = []
        self.left_at: dict[str, float] = {}
        self.sessions = SimpleNamespace(live={})
        self.lifecycle = Lifecycle()
        self.checkpoints = SimpleNamespace(keep_now=lambda _: None, is_kept=lambda _: True)
        self.log = SimpleNamespace(live=self.calls)
        parts: list[Any] = [self] * 6
        self.hand_over = HandOver(*parts)

    def begins(self) -> Call:
        """A call of this worker that the network does not know yet."""
        call = Call(
            secret="secret", session_id="call", direction=Direction.OUTBOUND, agent=AGENT, mode="media",
            caller="+15550100", created_at=0.0,
        )  # fmt: skip
        self.calls.append(call)
        return call

    def converses(self, session_id: str, turn: TurnSnapshot) -> Checkpoint:
        """A browser's conversation; its checkpoint."""
        checkpoint = cast(Checkpoint, SimpleNamespace(turn=turn))
        plan = SimpleNamespace(call_id="")
        self.sessions.live[session_id] = SimpleNamespace(checkpoint=checkpoint, plan=plan)
        return checkpoint

    def session_of(self, call: Call) -> str:
        """See `Switchboard`."""
        return call.session_id

    async def settled(self, _: float = 0.0) -> bool:
        """See `CallMoves` and `RedisWriter`: nothing is under way."""
        return True

    async def is_found(self, _: str) -> bool:
        """See `CallMoves`."""
        return now() >= self.found_at

    async def live(self) -> list[str]:
        """See `Membership`."""
        return [self.worker, "another"]

    def on(self, topic: str, _: object) -> None:
        """See `WorkerRequests`."""
        assert topic == TAKE

    async def ask(self, worker: str, _topic: str, _payload: bytes, _within_s: float) -> bytes:
        """See `WorkerRequests`."""
        assert worker == "another"
        self.asked_at.append(now())
        if not await self.is_found(""):
            return NO
        self.calls.clear()
        return YES

    def leave(self, session_id: str, _code: int) -> None:
        """See `ClusterWorker`."""
        self.left_at[session_id] = now()
        del self.sessions.live[session_id]


def now() -> float:
    return asyncio.get_running_loop().time()


@on_virtual_time
async def test_a_call_that_has_just_begun_is_handed_over_as_soon_as_another_worker_finds_it() -> None:
    worker = Worker()
    worker.begins().identify("call")
    worker.found_at = 1.5
    await worker.hand_over.hand_over(LEFT_S + 10)
    assert worker.asked_at == [pytest.approx(1.5, abs=SENT_LOOK_S)]
    assert worker.calls == []


@on_virtual_time
async def test_one_that_nobody_finds_is_given_up_when_there_is_no_time_left() -> None:
    worker = Worker()
    worker.begins().identify("call")
    worker.found_at = 1_000.0
    await worker.hand_over.hand_over(LEFT_S + 10)
    assert now() == pytest.approx(10, abs=SENT_LOOK_S)
    assert len(worker.calls) == 1


@on_virtual_time
async def test_what_the_network_is_being_ordered_is_waited_for() -> None:
    worker = Worker()
    call = worker.begins()
    order, _ = call.orders.give(OrderKind.HOLD, "hold")
    handing = asyncio.ensure_future(worker.hand_over.hand_over(LEFT_S + 10))
    await asyncio.sleep(1)
    call.identify("call")
    await asyncio.sleep(1)
    assert worker.asked_at == []
    call.orders.settle(order, OrderState.TAKEN)
    await handing
    assert worker.asked_at == [pytest.approx(2.0, abs=SENT_LOOK_S)]


@on_virtual_time
async def test_who_speaks_into_a_browser_is_waited_for_as_long_as_there_is_time_and_others_are_not() -> None:
    worker = Worker()
    speaks = worker.converses("speaks", SPEAKS)
    worker.converses("goes on", SPEAKS)
    worker.converses("listens", TurnSnapshot())

    async def falls_silent() -> None:
        await asyncio.sleep(3)
        speaks.turn = TurnSnapshot()

    await asyncio.gather(falls_silent(), worker.hand_over.hand_over(LEFT_S + 6))
    assert worker.left_at == {
        "listens": 0.0,
        "speaks": pytest.approx(3, abs=LOOK_S + 0.001),
        "goes on": pytest.approx(6, abs=LOOK_S + 0.001),
    }


@on_virtual_time
async def test_who_speaks_on_the_telephone_is_waited_for_as_long_as_there_is_time() -> None:
    worker = Worker()
    call = worker.begins()
    call.identify("call")
    worker.converses(call.session_id, SPEAKS)
    await worker.hand_over.hand_over(LEFT_S + 6)
    assert worker.asked_at == [pytest.approx(6, abs=LOOK_S + 0.001)]
