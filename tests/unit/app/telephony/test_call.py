"""A call keeps its state: over is over, its id is learnt once, and it is given away once."""

import asyncio

import pytest

from actors.messages.caller import CallOrderFailed
from app.telephony.call import EVENTS_KEPT, NOTICES_KEPT, Admission, Call, Custody, Direction
from app.telephony.order_book import OrderKind, OrderState
from protocol.calls import CallState, Participant
from tests.kit.session_kit import AGENT


def call(direction: Direction = Direction.INBOUND) -> Call:
    return Call(
        secret="secret",
        session_id="s",
        direction=direction,
        agent=AGENT,
        mode="media",
        caller="+15550100",
        created_at=1.0,
    )


def test_nothing_of_one_call_is_shared_with_another() -> None:
    one, other = call(), call()
    one.identify("a")
    one.note("CallConnected", 1.0)
    one.seen_events.add("e")
    assert (other.call_id, list(other.events), other.known.is_set()) == ("", [], False)
    assert other.seen_events.add("e")
    assert len({one, other}) == 2


def test_a_call_takes_no_dictionary_of_its_own() -> None:
    """With more than thirty attributes in it, a dictionary shares no keys with those of other calls: 1.3 kB more."""

    defaults = {name for name, value in vars(Call).items() if name[:2] != "__" and not hasattr(value, "__get__")}
    assert len({*vars(call()), *defaults}) <= 30


def test_a_call_rings_that_comes_in_and_is_begun_that_is_placed() -> None:
    assert call().state is CallState.RINGING
    assert call(Direction.OUTBOUND).state is CallState.INITIATING


def test_a_call_that_is_over_stays_over_and_nobody_is_on_it() -> None:
    told, changed = call(), list[CallState]()
    told.on_change = lambda changing: changed.append(changing.state)
    told.participants.update(1, [Participant(id="p", phone_number=None, role="person", status="connected")])
    assert told.change_state(CallState.CONNECTED, 2.0)
    assert told.change_state(CallState.ON_HOLD, 3.0)
    assert (told.up, told.progress.connected_at) == (True, 2.0)
    assert told.change_state(CallState.DISCONNECTED, 5.0)
    assert not told.change_state(CallState.CONNECTED, 6.0)
    assert changed == [CallState.CONNECTED, CallState.ON_HOLD, CallState.DISCONNECTED]
    assert told.over.is_set()
    assert [each.status for each in told.participants] == ["disconnected"]
    assert told.status(9.0).duration == 3.0


def test_an_id_is_learnt_once() -> None:
    learning = call()
    assert not learning.identify("")
    assert learning.identify("a")
    assert not learning.identify("b")
    assert learning.identify("A"), "the network's ids are GUIDs"
    assert learning.call_id == "a"
    assert (learning.call_id, learning.known.is_set()) == ("a", True)


def test_the_conversation_opens_once_the_code_was_given_and_its_session_is_over() -> None:
    asked = call()
    for admission, admitted in (
        (Admission.AWAITS_CODE, False),
        (Admission.CODE_GIVEN, False),
        (Admission.ADMITTED, True),
    ):
        asked.admission = admission
        assert asked.admitted is admitted


@pytest.mark.parametrize(
    ("given", "news", "custody"),
    [
        ((Custody.TRANSFERRED,), [True], Custody.TRANSFERRED),
        ((Custody.MOVED, Custody.MOVED), [True, False], Custody.MOVED),
        ((Custody.TRANSFERRED, Custody.MOVED), [True, True], Custody.MOVED),
        ((Custody.MOVED, Custody.TRANSFERRED), [True, False], Custody.MOVED),
    ],
)
def test_what_another_worker_has_stays_that_one_s(
    given: tuple[Custody, ...], news: list[bool], custody: Custody
) -> None:
    handed = call()
    assert [handed.hand_to(each) for each in given] == news
    assert handed.custody is custody


async def test_work_for_a_call_ends_with_it() -> None:
    working = call()

    async def work() -> None:
        await asyncio.sleep(3600)

    task = working.run(work())
    assert task is not None
    assert working.cancel() == [task]
    await asyncio.wait([task], timeout=30)
    assert task.cancelled()
    working.change_state(CallState.FAILED, 2.0)
    assert working.run(work()) is None


async def test_what_comes_of_orders_is_a_change_of_the_call() -> None:
    changed, told = list[Call](), call()
    told.on_change = changed.append
    order, _ = told.orders.give(OrderKind.HOLD, "hold")
    told.orders.settle(order, OrderState.TAKEN)
    told.orders.settle(order, OrderState.TAKEN)
    told.orders.told(OrderKind.HOLD, OrderState.SUCCEEDED, order_id="hold")
    assert changed == [told] * 3


async def test_what_is_to_be_done_later_is_not_when_the_call_has_ended_by_then() -> None:
    lasting, ended, over = (call() for _ in range(3))
    done: list[Call] = []
    over.change_state(CallState.DISCONNECTED, 1.0)
    for each in (lasting, ended, over):
        each.run_later(0.01, done.append)
    assert ended.cancel() == []
    await asyncio.sleep(0.05)
    assert done == [lasting]


def test_the_latest_events_and_notices_are_kept() -> None:
    long = call()
    for number in range(EVENTS_KEPT + 1):
        long.note(str(number), 1.0)
    for number in range(NOTICES_KEPT + 1):
        long.owe(CallOrderFailed(str(number)))
    assert [event.type for event in long.events] == [str(number) for number in range(1, EVENTS_KEPT + 1)]
    assert [notice.failure for notice in long.owed_notices] == [str(number) for number in range(1, NOTICES_KEPT + 1)]
