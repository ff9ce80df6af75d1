"""What the network tells of a call, applied to it: each event once, and no event taken for another."""

import asyncio
import json
from typing import Any
from unittest.mock import Mock

import pytest

from actors.conversation import Ending
from actors.messages.caller import EndSession, HoldEnded, HoldStarted
from actors.runtime.clock import LoopClock
from app.telephony.acs.call_events import CallEvents
from app.telephony.call import Custody
from app.telephony.errors import CallControlError, Trouble
from app.telephony.inbound.ringing import RINGS_S
from app.telephony.order_book import OrderKind, OrderState
from protocol.acs import call_event_decoding
from protocol.acs.call_events import AcsEvent
from protocol.calls import CallState
from tests.unit.app.telephony.board_kit import Board
from tests.unit.app.telephony.call_kit import CALLER, on_virtual_time


def told(on: Board, kind: str, event_id: str, **data: Any) -> None:
    """Apply an event as it is delivered."""
    delivered = {
        "type": f"Microsoft.Communication.{kind}",
        "id": event_id,
        "data": {"callConnectionId": "call-1", **data},
    }
    (event,) = call_event_decoding.decode(json.dumps(delivered))
    assert isinstance(event, AcsEvent)
    CallEvents(LoopClock(), on.board).apply(on.call, event)


def on_hold(*, on: bool, number: int | None) -> dict[str, Any]:
    caller = {"rawId": f"4:{CALLER}", "kind": "phoneNumber", "phoneNumber": {"value": CALLER}}
    return {"sequenceNumber": number, "participants": [{"identifier": caller, "isOnHold": on}]}


def test_events_that_only_share_their_id_are_not_one_that_is_delivered_twice() -> None:
    async def act() -> None:
        on = Board(CallState.RINGING)
        told(on, "CallConnected", "1")
        told(on, "ParticipantsUpdated", "1", **on_hold(on=True, number=1))
        told(on, "ParticipantsUpdated", "1", **on_hold(on=False, number=2))
        assert [type(message) for message in on.told] == [HoldStarted, HoldEnded]
        told(on, "CallDisconnected", "1")
        await asyncio.sleep(0)
        assert on.call.state is CallState.DISCONNECTED

    on_virtual_time(act)


def test_one_that_is_delivered_twice_counts_once() -> None:
    async def act() -> None:
        on = Board()
        for _ in range(2):
            told(on, "ContinuousDtmfRecognitionToneReceived", "7", sequenceId=1, tone="five")
        assert len(on.told) == 1
        told(on, "ContinuousDtmfRecognitionToneReceived", "", sequenceId=2, tone="five")
        assert len(on.told) == 2

    on_virtual_time(act)


@pytest.mark.parametrize("kind", ["AnswerFailed", "CreateCallFailed", "ConnectFailed"])
def test_a_call_that_is_said_not_to_have_come_about_is_over_if_the_network_says_so_too(kind: str) -> None:
    async def act() -> None:
        on = Board(CallState.RINGING)
        on.network.state = "disconnected"
        told(on, kind, "1")
        await asyncio.sleep(0.01)
        assert (on.call.state, on.orders) == (CallState.FAILED, ["properties"])

    on_virtual_time(act)


@pytest.mark.parametrize("state", ["connecting", "connected", "transferring"])
def test_a_failure_that_overtakes_the_connection_of_its_call_loses_nobody(state: str) -> None:
    async def act() -> None:
        on = Board(CallState.RINGING)
        on.network.state = state
        told(on, "AnswerFailed", "1")
        told(on, "AnswerFailed", "2")
        await asyncio.sleep(0.01)
        assert not on.call.holds_place, "nobody else is kept out for a call that has probably come to nothing"
        on.network.state = "connected"
        told(on, "CallConnected", "3")
        await asyncio.sleep(10)
        assert on.call.state is CallState.CONNECTED
        assert set(on.orders) == {"properties"}

    on_virtual_time(act)


@pytest.mark.parametrize("call_id", ["", "call-1"])
def test_a_call_that_was_answered_in_vain_however_often_is_over_when_nobody_lets_it_ring_any_more(call_id: str) -> None:
    async def act() -> None:
        on = Board(CallState.RINGING)
        on.call.is_answer_in_doubt, on.call.call_id = True, call_id
        on.network.state = "disconnected"
        told(on, "AnswerFailed", "1")
        await asyncio.sleep(RINGS_S - 1)
        assert (on.call.state, on.call.holds_place) == (CallState.RINGING, False)
        await asyncio.sleep(2)
        assert on.call.state is CallState.FAILED

    on_virtual_time(act)


def test_a_failure_that_is_told_of_a_call_that_was_connected_at_another_worker_ends_nothing() -> None:
    async def act() -> None:
        on = Board(CallState.RINGING)
        on.call.progress.connected_before, on.network.state = 7.0, "disconnected"
        told(on, "AnswerFailed", "1")
        await asyncio.sleep(1)
        assert (on.call.state, on.orders, on.call.holds_place) == (CallState.RINGING, [], True)

    on_virtual_time(act)


def test_of_two_orders_to_answer_one_call_that_which_was_carried_out_is_the_call() -> None:
    async def act() -> None:
        on = Board(CallState.RINGING)
        on.call.is_answer_in_doubt = True
        on.network.failures["properties"] = [CallControlError(Trouble.NOT_FOUND, "gone")]
        told(on, "AnswerFailed", "1")
        await asyncio.sleep(1)
        assert on.call.state is CallState.RINGING
        assert on.call.shows_as("call-2")
        told(on, "CallConnected", "2", callConnectionId="call-2")
        assert (on.call.call_id, on.call.state) == ("call-2", CallState.CONNECTED)
        assert not on.call.shows_as("call-1"), "a call that is connected keeps its id"

    on_virtual_time(act)


@pytest.mark.parametrize("between", ["CallTransferFailed", "CallConnected", "MediaStreamingFailed"])
def test_updates_that_are_numbered_anew_are_followed(between: str) -> None:
    async def act() -> None:
        on = Board(CallState.RINGING)
        told(on, "CallConnected", "0")
        told(on, "ParticipantsUpdated", "1", **on_hold(on=True, number=9))
        told(on, between, "2")
        told(on, "ParticipantsUpdated", "3", **on_hold(on=False, number=1))
        assert on.call.state is CallState.CONNECTED
        assert [type(message) for message in on.told] == [HoldStarted, HoldEnded]

    on_virtual_time(act)


@pytest.mark.parametrize("number", [0, None])
def test_an_update_without_a_number_or_with_the_first_of_a_count_is_the_latest(number: int | None) -> None:
    async def act() -> None:
        on = Board()
        told(on, "ParticipantsUpdated", "1", **on_hold(on=True, number=9))
        told(on, "ParticipantsUpdated", "2", **on_hold(on=False, number=number))
        assert on.call.state is CallState.CONNECTED

    on_virtual_time(act)


def test_an_update_that_is_late_or_names_nobody_ends_no_order_and_no_hold() -> None:
    async def act() -> None:
        on = Board()
        told(on, "ParticipantsUpdated", "1", **on_hold(on=True, number=9))
        order, outcome = on.call.orders.give(OrderKind.UNHOLD, "unhold", CALLER)
        on.call.orders.settle(order, OrderState.TAKEN)
        told(on, "ParticipantsUpdated", "2", **on_hold(on=False, number=5))
        told(on, "ParticipantsUpdated", "3", sequenceNumber=10, participants=[])
        assert (on.call.state, outcome.done()) == (CallState.ON_HOLD, False)
        told(on, "ParticipantsUpdated", "4", **on_hold(on=False, number=11))
        assert (on.call.state, outcome.done()) == (CallState.CONNECTED, True)

    on_virtual_time(act)


@pytest.mark.parametrize("events", [["CallDisconnected"], ["CallDisconnected", "CallTransferAccepted"]])
def test_a_call_that_ends_since_it_was_transferred_is_one_whatever_event_comes_first(events: list[str]) -> None:
    async def act() -> None:
        on = Board()
        on.call.progress.connected_at = 0.0
        order, outcome = on.call.orders.give(OrderKind.TRANSFER, "order-1")
        on.call.orders.settle(order, OrderState.TAKEN)
        for number, kind in enumerate(events):
            told(on, kind, str(number), resultInformation={"code": 200, "subCode": 7015})
        await outcome
        assert (on.call.custody, on.call.state) == (Custody.TRANSFERRED, CallState.DISCONNECTED)
        assert on.told[0] == EndSession(Ending.HUMAN_HANDOFF, politely=False)

    on_virtual_time(act)


def test_a_caller_who_hangs_up_while_they_are_put_through_was_not() -> None:
    async def act() -> None:
        on = Board()
        on.call.progress.connected_at = 0.0
        on.call.orders.give(OrderKind.TRANSFER, "order-1")
        told(on, "CallDisconnected", "1", resultInformation={"code": 200, "subCode": 560000})
        assert (on.call.custody, on.told) == (Custody.HERE, [EndSession(Ending.NORMAL, politely=False)])

    on_virtual_time(act)


@pytest.mark.parametrize("details", ["initialWebSocketConnectionFailed", "InitialWebSocketConnectionFailed"])
def test_a_socket_that_the_network_could_not_open_is_known_by_the_event_s_details(details: str) -> None:
    async def act() -> None:
        on = Board()
        on.board.media_refused = refused = Mock()  # type: ignore[method-assign]
        update = {"mediaStreamingStatus": "mediaStreamingFailed", "mediaStreamingStatusDetails": details}
        told(on, "MediaStreamingFailed", "1", mediaStreamingUpdate=update)
        refused.assert_called_once_with(on.call)

    on_virtual_time(act)
