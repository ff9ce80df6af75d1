"""A call from where it is up to its end: it is hung up once, forgotten where it has moved, and kept for nobody."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import Mock

import pytest

from actors.conversation import Ending
from actors.messages.caller import CallOrderFailed, EndSession, KeyPressed
from actors.runtime.background_tasks import BackgroundTasks
from actors.runtime.clock import LoopClock
from app.telephony.call import Admission, Call, Custody
from app.telephony.call_log import CallLog
from app.telephony.errors import CallControlError, NotConfiguredError, Trouble
from app.telephony.hang_up import WAITS_S
from app.telephony.media.dtmf import BURST_KEYS, Way
from app.telephony.media.media_watch import OWN_RECONNECT_S
from app.telephony.switchboard import CLOSING_S, GONE_S, OVERTIME_S, Switchboard
from protocol.calls import CallState
from tests.kit.session_kit import AGENT
from tests.unit.app.telephony.call_kit import Network, new_call, on_virtual_time

REFUSED = CallControlError(Trouble.UNAVAILABLE, "hang_up: status 503")
NO_SUCH_CALL = CallControlError(Trouble.NOT_FOUND, "hang_up: status 404")


class Board:
    """A switchboard with one call, whose session is live, and a network that notes its orders."""

    def __init__(self, state: CallState = CallState.CONNECTED, *, has_network: bool = True) -> None:
        self.network = Network()
        self.told: list[Any] = []
        """What the call's session was told."""
        self.left: list[str] = []
        """The ids of sessions that were left to another worker."""
        self.live: dict[str, Any] = {"s": SimpleNamespace(deliver=self.told.append)}
        outputs = Mock()
        outputs.get.return_value = None
        self.board = Switchboard(
            carrier=cast(Any, SimpleNamespace(control=self.network if has_network else None, network_variables="A_B")),
            agents={AGENT.name: AGENT},
            clock=LoopClock(),
            random=Mock(**{"token.side_effect": lambda prefix: prefix + "1"}),
            background=BackgroundTasks(),
            sessions=cast(Any, SimpleNamespace(live=self.live)),
            outputs=outputs,
            leave_session=self.left.append,
            log=CallLog(),
        )
        self.call: Call = new_call(state)
        self.call.admission = Admission.ADMITTED
        self.board.log.add(self.call)

    def loses_session(self) -> None:
        """The call's session is over."""
        del self.live["s"]
        self.board.session_over("s")

    @property
    def orders(self) -> list[str]:
        return [order[0] for order in self.network.orders]


def connection() -> Mock:
    """A media socket of a call."""
    return Mock(closed=asyncio.Event())


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


@pytest.mark.parametrize("how", ["media_lost", "media_refused"])
def test_a_media_socket_that_failed_before_the_call_was_connected_is_asked_for_soon(how: str) -> None:
    async def act() -> None:
        on = Board(CallState.RINGING)
        on.board.start()
        getattr(on.board, how)(on.call)
        await asyncio.sleep(10)
        assert "start_media_streaming" not in on.orders
        on.board.connected(on.call)
        await asyncio.sleep(OWN_RECONNECT_S + 0.1)
        assert "start_media_streaming" in on.orders

    on_virtual_time(act)


def test_a_second_media_socket_takes_the_place_of_the_first() -> None:
    async def act() -> None:
        on, first, second = Board(), connection(), connection()
        on.board.connect(on.call, first, Mock())
        on.board.connect(on.call, second, Mock())
        assert (first.close.call_count, second.close.call_count) == (1, 0)
        assert not on.board.disconnect(on.call, first)
        assert on.call.connection is second
        assert on.board.disconnect(on.call, second)
        assert [on.call.connection, on.call.open_session] == [None, None]

    on_virtual_time(act)


def test_a_call_that_another_worker_has_is_left_without_an_order() -> None:
    async def act() -> None:
        on = Board()
        on.call.connection = socket = connection()
        on.board.session_moved("s")
        on.board.leave(on.call)
        await asyncio.sleep(GONE_S + 1)
        assert (on.orders, on.left, on.board.log.live) == ([], ["s"], [])
        assert (on.call.over.is_set(), socket.close.call_count) == (True, 1)

    on_virtual_time(act)


def test_behind_the_access_code_the_conversation_opens_and_the_call_is_not_hung_up() -> None:
    async def act() -> None:
        on = Board()
        on.call.admission = Admission.CODE_GIVEN
        opened = on.call.open_session = Mock()
        assert on.board.session_of(on.call) == "s.access"
        on.board.session_over("s.access")
        await asyncio.sleep(GONE_S + 1)
        assert (opened.call_count, on.call.admitted, on.orders) == (1, True, [])

    on_virtual_time(act)


def test_a_key_that_is_told_twice_is_one_and_more_than_anybody_can_press_are_left_out() -> None:
    async def act() -> None:
        on = Board()
        on.board.pressed(on.call, Way.SOCKET, "1")
        on.board.pressed(on.call, Way.EVENT, "1")
        assert on.told == [KeyPressed("1")]
        for _ in range(BURST_KEYS):
            on.board.pressed(on.call, Way.SOCKET, "2")
        assert (len(on.told), on.board.counts.ignored_messages) == (BURST_KEYS, 1)

    on_virtual_time(act)


def test_an_order_that_failed_is_told_to_the_session_or_kept_for_the_next_one() -> None:
    async def act() -> None:
        on, notice = Board(), CallOrderFailed("the transfer failed")
        on.board.order_failed(on.call, notice)
        assert (on.told, list(on.call.owed_notices)) == ([notice], [])
        on.live.clear()
        on.board.order_failed(on.call, notice)
        assert (on.told, list(on.call.owed_notices)) == ([notice], [notice])

    on_virtual_time(act)


def test_without_a_network_there_is_nothing_to_order() -> None:
    async def act() -> None:
        on = Board(has_network=False)
        on.board.start()
        with pytest.raises(NotConfiguredError, match="A_B"):
            _ = on.board.control
        on.board.hang_up(on.call)
        await asyncio.sleep(0.1)
        assert on.call.over.is_set()
        await on.board.close()

    on_virtual_time(act)


def test_what_is_under_way_ends_with_the_switchboard() -> None:
    async def act() -> None:
        on = Board(CallState.RINGING)
        on.board.connected(on.call)
        on.network.failures["hang_up"] = [REFUSED] * len(WAITS_S)
        on.board.hang_up(on.call)
        await asyncio.sleep(1)
        await on.board.close()
        assert on.orders[-1] == "close"
        assert asyncio.all_tasks() == {asyncio.current_task()}

    on_virtual_time(act)
