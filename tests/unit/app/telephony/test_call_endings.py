"""A call is hung up once, left to those who talk in it, and over even if the network says nothing."""

import asyncio

import pytest

from actors.conversation import Ending
from actors.messages.caller import EndSession
from app.telephony.call import Custody
from app.telephony.call_endings import CLOSING_S, GONE_S
from app.telephony.errors import CallControlError, Trouble
from app.telephony.hang_up import WAITS_S
from app.telephony.switchboard import OVERTIME_S
from protocol.calls import CallState
from tests.kit.session_kit import AGENT
from tests.unit.app.telephony.board_kit import Board, connection
from tests.unit.app.telephony.call_kit import on_virtual_time

REFUSED = CallControlError(Trouble.UNAVAILABLE, "hang_up: status 503")
NO_SUCH_CALL = CallControlError(Trouble.NOT_FOUND, "hang_up: status 404")


def test_a_call_without_a_session_is_hung_up_once_and_over_though_the_network_says_nothing() -> None:
    async def act() -> None:
        on = Board(CallState.RINGING)
        on.board.connected(on.call)
        on.call.connection = socket = connection()
        on.loses_session()
        on.board.hang_up(on.call)
        await asyncio.sleep(GONE_S - 0.1)
        assert (on.orders, on.call.state) == (["hang_up"], CallState.CONNECTED)
        await asyncio.sleep(0.2)
        assert on.call.state is CallState.DISCONNECTED
        assert socket.close.call_count == 0, "the last that the session says is on its way"
        await asyncio.sleep(CLOSING_S)
        assert socket.close.call_count == 1
        on.board.hang_up(on.call)
        await asyncio.sleep(1)
        assert on.orders == ["hang_up"]

    on_virtual_time(act)


def test_a_call_that_the_network_does_not_end_stays_and_may_be_hung_up_again() -> None:
    async def act() -> None:
        on = Board()
        on.call.progress.connected_at = 0.0
        on.network.failures["hang_up"] = [REFUSED] * len(WAITS_S)
        on.board.hang_up(on.call)
        await asyncio.sleep(sum(WAITS_S) + 1)
        assert (on.call.state, on.call.holds_place, on.call.hang_up_order.refusal) == (
            CallState.CONNECTED,
            False,
            REFUSED,
        )
        assert on.told == [EndSession(Ending.NORMAL, politely=False)]
        on.board.hang_up(on.call)
        await asyncio.sleep(GONE_S + 1)
        assert on.call.state is CallState.DISCONNECTED

    on_virtual_time(act)


def test_a_call_that_is_gone_at_the_network_is_over_at_once() -> None:
    async def act() -> None:
        on = Board()
        on.call.progress.connected_at = 0.0
        on.network.failures["hang_up"] = [NO_SUCH_CALL]
        on.board.hang_up(on.call)
        await asyncio.sleep(0.1)
        assert on.call.state is CallState.DISCONNECTED

    on_virtual_time(act)


@pytest.mark.parametrize(
    ("custody", "orders"),
    [(Custody.HERE, ["hang_up"]), (Custody.JOINED, ["leave"]), (Custody.TRANSFERRED, [])],
)
def test_a_call_in_which_others_talk_is_left_to_them(custody: Custody, orders: list[str]) -> None:
    async def act() -> None:
        on = Board()
        on.call.custody = custody
        on.board.hang_up(on.call)
        await asyncio.sleep(GONE_S + 1)
        assert (on.orders, on.call.over.is_set()) == (orders, True)

    on_virtual_time(act)


def test_a_call_that_never_was_connected_has_failed() -> None:
    async def act() -> None:
        on = Board(CallState.RINGING)
        on.board.ended(on.call, CallState.DISCONNECTED)
        assert on.call.state is CallState.FAILED

    on_virtual_time(act)


@pytest.mark.parametrize(("custody", "state", "orders"), [
    (Custody.HERE, "connected", ["properties", "hang_up"]),
    (Custody.HERE, "disconnected", ["properties"]),
    (Custody.MOVED, "connected", []),
])  # fmt: skip
def test_a_call_that_shows_itself_after_its_end_is_hung_up_once_if_it_is_up_and_ours(
    custody: Custody, state: str, orders: list[str]
) -> None:
    async def act() -> None:
        on = Board()
        on.board.ended(on.call, CallState.DISCONNECTED)
        on.call.custody, on.network.state = custody, state
        on.board.connected(on.call)
        on.board.connected(on.call)
        await asyncio.sleep(1)
        assert on.orders == orders

    on_virtual_time(act)


def test_a_call_whose_session_keeps_no_time_is_hung_up_some_time_after_it() -> None:
    async def act() -> None:
        on = Board(CallState.RINGING)
        on.board.connected(on.call)
        await asyncio.sleep(AGENT.limits.max_session_s + OVERTIME_S - 1)
        assert on.orders == []
        await asyncio.sleep(2)
        assert on.orders == ["hang_up"]

    on_virtual_time(act)
