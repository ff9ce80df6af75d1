"""A call from where it is up: its media sockets, its keys, its sessions, and where it has moved."""

import asyncio
from unittest.mock import Mock

import pytest

from actors.messages.caller import CallOrderFailed, KeyPressed
from app.telephony.call import Admission
from app.telephony.call_endings import GONE_S
from app.telephony.errors import CallControlError, NotConfiguredError, Trouble
from app.telephony.hang_up import WAITS_S
from app.telephony.media.dtmf import BURST_KEYS, Way
from app.telephony.media.media_watch import OWN_RECONNECT_S
from protocol.calls import CallState
from tests.unit.app.telephony.board_kit import Board, connection
from tests.unit.app.telephony.call_kit import on_virtual_time

REFUSED = CallControlError(Trouble.UNAVAILABLE, "hang_up: status 503")


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


def test_a_stream_that_has_stopped_is_asked_for_where_its_socket_is_lost_and_else_looked_at() -> None:
    async def act() -> None:
        on = Board()
        on.board.media_stopped(on.call)
        on.board.start()
        on.network.streaming = "inactive"
        on.call.connection = socket = connection()
        on.board.media_stopped(on.call)
        await asyncio.sleep(10)
        assert socket.close.call_count == 1
        on.call.connection = None
        on.board.media_stopped(on.call)
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
