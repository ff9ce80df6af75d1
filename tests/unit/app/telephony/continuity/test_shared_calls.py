"""A call as another worker gets it: as it stood."""

import msgspec
import pytest

from actors.ports.call_controls import CallError
from app.agents.roster import AgentRoster
from app.telephony.call import Admission, Call, Direction
from app.telephony.continuity.call_checkpoints import CallCheckpoint
from app.telephony.continuity.shared_calls import call_of_record, record_of_call
from app.telephony.order_book import OrderKind, OrderState
from app.telephony.orders import MOST_TOLD
from protocol.calls import CallState, Participant
from tests.kit.session_kit import AGENT

AGENTS = AgentRoster({AGENT.name: AGENT})


def made() -> Call:
    call = Call(
        secret="secret",
        session_id="s",
        direction=Direction.INBOUND,
        agent=AGENT,
        mode="media",
        caller="+15550100",
        created_at=1.0,
    )
    call.identify("call")
    call.admission = Admission.ADMITTED
    call.server_call_id, call.own_number = "server", "+15550199"
    call.change_state(CallState.CONNECTED, 2.0)
    call.note("CallConnected", 2.0)
    call.participants.update(1, [Participant(id="p", phone_number=None, role="person", status="connected")])
    call.orders.told(OrderKind.START_RECORDING, OrderState.SUCCEEDED, subject="recording")
    return call


def test_a_call_goes_to_another_worker_as_it_stood() -> None:
    record = record_of_call(made(), "worker")
    assert (record.worker, record.state, record.connected_at) == ("worker", CallState.CONNECTED, 2.0)
    sent = msgspec.json.decode(msgspec.json.encode(record), type=type(record))
    call = call_of_record(sent, AGENTS)
    call.identify(sent.call_id)
    call.progress.state, call.progress.connected_at = sent.state, sent.connected_at
    assert record_of_call(call, "worker") == record
    assert (call.orders.recording, call.orders.is_recording_paused) == ("recording", False)
    call.orders.told(OrderKind.STOP_RECORDING, OrderState.SUCCEEDED, subject="recording")
    taken_over = call_of_record(record_of_call(call), AGENTS)
    assert (taken_over.orders.recording, taken_over.orders.is_recording_paused) == ("recording", True)


def test_an_agent_that_is_gone_is_replaced_by_the_default_one_and_a_record_of_nonsense_is_refused() -> None:
    record = record_of_call(made())
    assert call_of_record(msgspec.structs.replace(record, agent="gone"), AGENTS).agent is AGENT
    for nonsense in ({"direction": "sideways"}, {"about": {"channel": 3}}):
        with pytest.raises(ValueError):  # noqa: PT011  of whichever library
            call_of_record(msgspec.structs.replace(record, **nonsense), AGENTS)


async def test_orders_without_an_outcome_go_to_the_other_worker_and_are_settled_there() -> None:
    former = made()
    order, _ = former.orders.give(OrderKind.TRANSFER, "transfer")
    sending = [former.orders.is_sending]
    former.orders.settle(order, OrderState.TAKEN)
    sending.append(former.orders.is_sending)
    assert sending == [True, False]
    sent = msgspec.json.decode(msgspec.json.encode(record_of_call(former)), type=CallCheckpoint)
    (given,) = sent.orders
    call = call_of_record(sent, AGENTS)
    _, outcome = call.orders.restore(given)
    assert call.orders.transferring is outcome
    call.orders.told(OrderKind.TRANSFER, OrderState.FAILED, order_id="transfer")
    assert isinstance(outcome.exception(), CallError)
    assert record_of_call(call).orders == ()
    doubted = msgspec.structs.replace(given, state=OrderState.IN_DOUBT.value)
    _, known = call.orders.restore(doubted)
    assert known.done(), "nobody waits for it"


async def test_no_more_orders_are_told_than_the_way_to_another_worker_carries() -> None:
    call = made()
    for number in range(MOST_TOLD + 1):
        call.orders.give(OrderKind.SEND_KEYS, str(number))
    assert [each.id for each in record_of_call(call).orders] == [str(n) for n in range(1, MOST_TOLD + 1)]
