"""Whether there is room for another call, those that ring counted."""

from unittest.mock import Mock

import pytest

from app.server.lifecycle import Phase
from app.telephony.capacity import Capacity, session_of
from app.telephony.errors import NoCapacityError


def call(session_id: str, *, admitted: bool = True, holds_place: bool = True) -> Mock:
    return Mock(session_id=session_id, admitted=admitted, holds_place=holds_place)


def capacity(
    *calls: Mock, left: int, sessions: tuple[str, ...] = (), most: int = 10, phase: Phase = Phase.READY
) -> Capacity:
    return Capacity(Mock(left=left, most=most), Mock(phase=phase), sessions, Mock(live=list(calls)))


def test_a_call_has_the_session_that_asks_for_the_code_until_it_is_admitted() -> None:
    assert session_of(call("s", admitted=False)) == "s.access"
    assert session_of(call("s")) == "s"


def test_calls_that_ring_hold_a_place_and_those_with_a_session_hold_it_once() -> None:
    capacity(call("a"), left=2).require()
    with pytest.raises(NoCapacityError):
        capacity(call("a"), call("b"), left=2).require()
    capacity(call("a"), call("b"), left=2, sessions=("a",)).require()
    capacity(call("a"), call("b", holds_place=False), left=2).require()


def test_a_call_that_is_up_needs_room_for_its_session_only() -> None:
    assert capacity(call("a"), call("b"), left=1).has_room
    assert not capacity(left=0).has_room


def test_a_worker_is_full_by_what_it_has_and_not_by_a_loop_that_is_late() -> None:
    assert not capacity(call("a"), left=0, sessions=("x",), most=3).full
    assert capacity(call("a"), left=0, sessions=("x", "y"), most=3).full
    assert capacity(left=10, phase=Phase.DRAINING).full
