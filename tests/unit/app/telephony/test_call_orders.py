"""What is ordered of a call: when it may be, what is waited for, and what whoever ordered it is told."""

import asyncio
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from actors.messages.caller import HoldEnded, HoldStarted
from actors.ports.call_controls import CallError, CallTrouble
from app.telephony.call import Call
from app.telephony.call_control import OnTheCall
from app.telephony.call_orders import EVENT_S, KEY_S, LAST_WORD_S, CallOrders, not_carried_out
from app.telephony.continuity.call_checkpoints import OpenOrder
from app.telephony.errors import CallControlError, Trouble
from app.telephony.hold import LOOK_AGAIN_S
from app.telephony.network_state import TRANSFER_S
from app.telephony.order_book import OrderKind, OrderState
from protocol.calls import CallState
from tests.unit.app.telephony.call_kit import CALLER, Network, new_call, on_virtual_time


class Line:
    """A call, the network, and what orders it."""

    def __init__(self, state: CallState = CallState.CONNECTED, *, network: bool = True) -> None:
        self.network = Network()
        self.call: Call = new_call(state)
        self.notices: list[Any] = []
        """What the session of the call was told."""
        numbers = iter(range(1, 100))
        switchboard: Any = SimpleNamespace(
            network=self.network if network else None,
            control=self.network,
            order_id=lambda: f"order-{next(numbers)}",
            wall=lambda: 0.0,
            tell_session=lambda call, message: self.notices.append(message),
            carrier=SimpleNamespace(addresses=SimpleNamespace(callback=lambda secret: f"https://here/{secret}")),
        )
        self.orders = CallOrders(switchboard, self.call)

    def told(self, kind: OrderKind, state: OrderState = OrderState.SUCCEEDED, order_id: str = "order-1") -> None:
        """The network says how an order ended."""
        self.call.orders.told(kind, state, order_id=order_id)


async def trouble_of(work: Coroutine[Any, Any, Any]) -> CallError:
    with pytest.raises(CallError) as raised:
        await work
    return raised.value


ORDERS: dict[str, Callable[[CallOrders], Coroutine[Any, Any, Any]]] = {
    "transfer": lambda orders: orders.transfer("+12065550155"),
    "send_keys": lambda orders: orders.send_keys("12"),
    "hold": lambda orders: orders.hold(),
    "start_recording": lambda orders: orders.start_recording(),
}


@pytest.mark.parametrize("name", ORDERS)
def test_a_call_that_is_not_up_takes_no_order(name: str) -> None:
    async def act() -> None:
        for line, trouble in (
            (Line(CallState.RINGING), CallTrouble.NOT_CONNECTED),
            (Line(network=False), CallTrouble.NOT_CONFIGURED),
        ):
            assert (await trouble_of(ORDERS[name](line.orders))).trouble is trouble
            assert line.network.orders == []

    on_virtual_time(act)


def test_a_caller_is_put_through_when_the_other_side_accepts() -> None:
    async def act() -> None:
        line = Line()
        transfer = asyncio.ensure_future(line.orders.transfer("+12065550155"))
        await asyncio.sleep(1)
        assert line.network.orders == [("transfer", "call-1", "+12065550155", "", "+12065550199", "order-1")]
        assert (await trouble_of(line.orders.begin_transfer("+12065550156"))).trouble is CallTrouble.NOT_CONNECTED
        assert not transfer.done()
        line.told(OrderKind.TRANSFER)
        await transfer

    on_virtual_time(act)


def test_a_transfer_that_nobody_takes_is_given_up() -> None:
    async def act() -> None:
        line = Line()
        began = asyncio.get_running_loop().time()
        error = await trouble_of(line.orders.transfer("+12065550155"))
        assert asyncio.get_running_loop().time() - began == pytest.approx(TRANSFER_S)
        assert "no answer" in str(error)

    on_virtual_time(act)


def test_what_is_being_said_is_heard_before_a_transfer_but_not_for_ever() -> None:
    async def act() -> None:
        line = Line()
        line.call.connection = SimpleNamespace(sounding=True)
        began = asyncio.get_running_loop().time()
        transfer = asyncio.ensure_future(line.orders.begin_transfer("+12065550155"))
        await asyncio.sleep(LAST_WORD_S / 2)
        assert line.network.orders == []
        await transfer
        assert asyncio.get_running_loop().time() - began == pytest.approx(LAST_WORD_S, abs=0.2)

    on_virtual_time(act)


def test_keys_are_sent_when_the_network_says_so_or_says_nothing_for_long() -> None:
    async def act() -> None:
        line = Line()
        began = asyncio.get_running_loop().time()
        await line.orders.send_keys("123")
        assert line.network.orders == [("send_dtmf", "call-1", CALLER, "123", "order-1")]
        assert asyncio.get_running_loop().time() - began == pytest.approx(EVENT_S + 3 * KEY_S)

    on_virtual_time(act)


def test_an_order_that_the_network_could_not_carry_out_says_so() -> None:
    async def act() -> None:
        line = Line()
        hold = asyncio.ensure_future(line.orders.hold())
        await asyncio.sleep(0.1)
        line.told(OrderKind.HOLD, OrderState.FAILED)
        assert str(await trouble_of(hold)) == "the caller was not put on hold"  # type: ignore[arg-type]

    on_virtual_time(act)


def test_a_caller_on_hold_is_brought_back_and_one_who_is_not_cannot_be() -> None:
    async def act() -> None:
        line = Line(CallState.ON_HOLD)
        await line.orders.unhold()
        assert line.network.orders == [("unhold", "call-1", CALLER, "order-1"), ("participants", "call-1")]
        assert "the call is not on hold" in str(await trouble_of(Line().orders.unhold()))

    on_virtual_time(act)


def test_an_order_about_a_caller_who_is_not_known_yet_is_not_given() -> None:
    async def act() -> None:
        line = Line()
        line.call.caller = ""
        assert (await trouble_of(line.orders.hold())).trouble is CallTrouble.REFUSED
        assert line.network.orders == []

    on_virtual_time(act)


def test_a_recording_is_started_once_and_stopped_once() -> None:
    async def act() -> None:
        line = Line()
        assert await line.orders.start_recording() == "start_recording-id"
        assert await line.orders.start_recording() == "start_recording-id"
        assert line.network.named("start_recording") == [
            ("start_recording", "call-1", "server-1", "https://here/secret")
        ]
        await line.orders.stop_recording()
        await line.orders.stop_recording()
        assert line.network.named("stop_recording") == [("stop_recording", "start_recording-id")]

    on_virtual_time(act)


def test_a_recording_that_somebody_has_ended_needs_not_be_stopped() -> None:
    async def act() -> None:
        line = Line()
        await line.orders.start_recording()
        line.network.failures["stop_recording"] = [CallControlError(Trouble.NOT_FOUND, "gone")]
        await line.orders.stop_recording()
        assert line.call.orders.recording == ""

    on_virtual_time(act)


@pytest.mark.parametrize(
    ("trouble", "told", "state"),
    [
        (Trouble.UNAVAILABLE, CallTrouble.UNAVAILABLE, OrderState.IN_DOUBT),
        (Trouble.CONFLICT, CallTrouble.NOT_CONNECTED, OrderState.REFUSED),
        (Trouble.UNAUTHORIZED, CallTrouble.UNAUTHORIZED, OrderState.REFUSED),
        (Trouble.REJECTED, CallTrouble.REFUSED, OrderState.REFUSED),
    ],
)
def test_an_order_that_is_not_taken_is_told_and_may_have_been_done_where_nobody_answered(
    trouble: Trouble, told: CallTrouble, state: OrderState
) -> None:
    async def act() -> None:
        line = Line()
        line.network.failures["hold"] = [CallControlError(trouble, "the reason", retry_after_s=2.0)]
        settle = Mock(wraps=line.call.orders.settle)
        line.call.orders.settle = settle  # type: ignore[method-assign]
        error = await trouble_of(line.orders.hold())
        assert (error.trouble, error.cause, error.retry_after_s) == (told, "the reason", 2.0)
        assert [each.args[1] for each in settle.call_args_list] == [state]

    on_virtual_time(act)


@pytest.mark.parametrize("trouble", list(Trouble))
def test_each_trouble_of_the_network_means_something_to_a_tool(trouble: Trouble) -> None:
    error = not_carried_out(CallControlError(trouble, "+12065550100 is away"))
    assert "+1206" not in str(error)
    assert error.cause == "+12065550100 is away"


@pytest.mark.parametrize(("kind", "within_s"), [("transfer", TRANSFER_S), ("hold", EVENT_S)])
def test_an_order_of_another_worker_is_seen_through(kind: str, within_s: float) -> None:
    async def act() -> None:
        line = Line()
        line.orders.go_on(OpenOrder("order-7", kind, "taken"))
        assert [(order.id, order.state) for order in line.call.orders.unsettled] == [("order-7", "taken")]
        await asyncio.sleep(within_s + 0.1)
        assert [(order.id, order.state) for order in line.call.orders.unsettled] == [("order-7", "overdue")]

    on_virtual_time(act)


@pytest.mark.parametrize("order", ["hold", "unhold"])
@pytest.mark.parametrize("is_done", [True, False])
def test_whether_a_caller_is_on_hold_is_asked_where_no_event_tells_it(order: str, is_done: bool) -> None:
    async def act() -> None:
        line = Line(CallState.CONNECTED if order == "hold" else CallState.ON_HOLD)
        on_hold = is_done is (order == "hold")
        line.network.present = (OnTheCall(f"4:{CALLER}", CALLER, is_muted=False, is_on_hold=on_hold),)
        work = line.orders.hold() if order == "hold" else line.orders.unhold()
        if is_done:
            await work
        else:
            not_done = "the caller was not put on hold" if order == "hold" else "the caller is still on hold"
            assert str(await trouble_of(work)) == not_done
        assert line.call.state is (CallState.ON_HOLD if on_hold else CallState.CONNECTED)
        assert line.notices == ([HoldStarted() if on_hold else HoldEnded()] if is_done else [])

    on_virtual_time(act)


def test_a_hold_that_another_worker_has_ordered_is_looked_at_where_no_event_tells_of_it() -> None:
    async def act() -> None:
        line = Line()
        line.network.present = (OnTheCall(f"4:{CALLER}", CALLER, is_muted=False, is_on_hold=True),)
        line.orders.go_on(OpenOrder("order-7", "hold", "taken", CALLER))
        await asyncio.sleep(EVENT_S + 1)
        assert line.call.state is CallState.ON_HOLD

    on_virtual_time(act)


def test_a_hold_of_which_neither_the_answer_nor_an_event_comes_is_looked_at() -> None:
    async def act() -> None:
        line = Line()
        line.network.present = (OnTheCall(f"4:{CALLER}", CALLER, is_muted=False, is_on_hold=True),)
        line.network.failures["hold"] = [CallControlError(Trouble.UNAVAILABLE, "status 504")]
        await trouble_of(line.orders.hold())
        await asyncio.sleep(EVENT_S + 1)
        assert (line.call.state, line.notices) == (CallState.ON_HOLD, [HoldStarted()])
        line.network.failures["unhold"] = [CallControlError(Trouble.UNAVAILABLE, "status 504")]
        await trouble_of(line.orders.unhold())
        line.told(OrderKind.UNHOLD, order_id="order-2")
        await asyncio.sleep(EVENT_S + 1)
        assert len(line.network.named("participants")) == 1, "an event has told of it"

    on_virtual_time(act)


@pytest.mark.parametrize("unanswered", [1, len(LOOK_AGAIN_S)])
@pytest.mark.parametrize("name", ["hold", "unhold"])
def test_whether_a_caller_is_on_hold_is_asked_again_where_the_network_does_not_answer(
    name: str, unanswered: int
) -> None:
    async def act() -> None:
        line = Line(CallState.CONNECTED if name == "hold" else CallState.ON_HOLD)
        done = CallState.ON_HOLD if name == "hold" else CallState.CONNECTED
        line.network.present = (OnTheCall(f"4:{CALLER}", CALLER, is_muted=False, is_on_hold=name == "hold"),)
        line.network.failures["participants"] = [CallControlError(Trouble.UNAVAILABLE, "no answer")] * unanswered
        await getattr(line.orders, name)()
        assert line.call.state is not done
        await asyncio.sleep(sum(LOOK_AGAIN_S) + 1)
        assert (line.call.state, len(line.network.named("participants"))) == (done, unanswered + 1)

    on_virtual_time(act)


def test_it_is_not_asked_for_ever_nor_after_an_event_has_told() -> None:
    async def act() -> None:
        line = Line()
        line.network.failures["participants"] = [CallControlError(Trouble.UNAVAILABLE, "no answer")] * 100
        await line.orders.hold()
        await asyncio.sleep(1_000)
        assert len(line.network.named("participants")) == 1 + len(LOOK_AGAIN_S)
        await line.orders.hold()
        line.call.participants.update(None, ())
        await asyncio.sleep(1_000)
        assert len(line.network.named("participants")) == 2 + len(LOOK_AGAIN_S)

    on_virtual_time(act)
