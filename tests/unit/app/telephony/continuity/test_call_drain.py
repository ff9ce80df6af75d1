"""The calls of a worker that ends: each may end by itself, and none is left open with nobody on it."""

import asyncio

from app.telephony.call import Admission, Call
from app.telephony.call_log import CallLog
from app.telephony.continuity.call_drain import HANG_UP_S, CallDrain
from protocol.calls import CallState
from tests.unit.app.telephony.call_kit import new_call, on_virtual_time

DRAIN_S = 10.0


class Worker:
    """A worker with a call whose session is live, and one without a session."""

    def __init__(self, *, can_hand_over: bool = False, obeys: bool = True) -> None:
        self.talking, self.silent = self._call("talking"), self._call("silent")
        self.hung_up: list[tuple[str, float]] = []
        """What was hung up, and how long after the drain began."""
        self._obeys = obeys
        self._log = CallLog()
        for call in (self.talking, self.silent):
            self._log.add(call)
        self.calls = CallDrain(self._log, {"talking"}, can_hand_over=lambda: can_hand_over, hang_up=self._hang_up)
        self._began = asyncio.get_running_loop().time()

    def _call(self, name: str) -> Call:
        call = new_call()
        call.secret = call.session_id = name
        call.admission = Admission.ADMITTED
        return call

    def _hang_up(self, call: Call) -> None:
        self.hung_up.append((call.session_id, round(asyncio.get_running_loop().time() - self._began, 3)))
        if self._obeys:
            call.change_state(CallState.DISCONNECTED, 1.0)

    async def drain(self) -> float:
        """Drain, and return how long that took."""
        await self.calls.drain(self._began + DRAIN_S)
        return round(asyncio.get_running_loop().time() - self._began, 3)


def test_a_call_without_a_session_is_hung_up_at_once_and_the_others_shortly_before_the_end() -> None:
    async def act() -> None:
        worker = Worker()
        assert await worker.drain() == DRAIN_S - HANG_UP_S
        assert worker.hung_up == [("silent", 0.0), ("talking", DRAIN_S - HANG_UP_S)]

    on_virtual_time(act)


def test_calls_that_end_by_themselves_are_not_waited_for_any_longer() -> None:
    async def act() -> None:
        worker = Worker()
        asyncio.get_running_loop().call_later(3, worker.talking.change_state, CallState.DISCONNECTED, 3.0)
        assert await worker.drain() == 3.0
        assert worker.hung_up == [("silent", 0.0)]

    on_virtual_time(act)


def test_a_call_that_another_worker_may_take_is_not_hung_up_for_want_of_a_session() -> None:
    async def act() -> None:
        worker = Worker(can_hand_over=True)
        await worker.drain()
        assert {at for _, at in worker.hung_up} == {DRAIN_S - HANG_UP_S}

    on_virtual_time(act)


def test_a_network_that_does_not_hang_up_is_waited_for_until_the_end_and_no_longer() -> None:
    async def act() -> None:
        worker = Worker(obeys=False)
        assert await worker.drain() == DRAIN_S

    on_virtual_time(act)
