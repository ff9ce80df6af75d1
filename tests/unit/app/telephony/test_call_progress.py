"""A call is over once, and has lasted since it was connected, at whichever worker that was."""

import pytest

from app.telephony.call_progress import CallProgress
from protocol.calls import CallState


def test_a_call_that_is_over_stays_over() -> None:
    progress = CallProgress(CallState.RINGING)
    assert progress.become(CallState.DISCONNECTED, 5.0)
    assert not progress.become(CallState.CONNECTED, 6.0)
    assert (progress.is_over, progress.is_up, progress.ended_at) == (True, False, 5.0)


def test_the_state_that_a_call_is_in_is_no_change() -> None:
    progress = CallProgress(CallState.RINGING)
    assert not progress.become(CallState.RINGING, 2.0)
    assert (progress.is_over, progress.was_connected) == (False, False)


def test_a_call_on_hold_is_up_and_was_connected_when_it_was_answered() -> None:
    progress = CallProgress(CallState.RINGING)
    for state, at in ((CallState.CONNECTED, 2.0), (CallState.ON_HOLD, 3.0), (CallState.CONNECTED, 4.0)):
        assert progress.become(state, at)
        assert progress.is_up
    assert (progress.connected_at, progress.duration_s(5.0)) == (2.0, 3.0)


@pytest.mark.parametrize("state", [CallState.CONNECTED, CallState.DISCONNECTED])
def test_a_call_of_a_worker_that_died_was_connected_when_it_was(state: CallState) -> None:
    progress = CallProgress(CallState.RINGING)
    progress.connected_before = 3.0
    assert progress.was_connected
    assert progress.duration_s(9.0) is None
    progress.become(state, 9.0)
    assert (progress.connected_at, progress.duration_s(9.0)) == (3.0, 6.0)


def test_a_call_that_was_never_connected_has_not_lasted() -> None:
    progress = CallProgress(CallState.INITIATING)
    progress.become(CallState.FAILED, 5.0)
    assert (progress.was_connected, progress.duration_s(9.0)) == (False, None)


def test_time_after_the_end_counts_for_nothing() -> None:
    progress = CallProgress(CallState.CONNECTED)
    progress.connected_at = 2.0
    progress.become(CallState.DISCONNECTED, 5.0)
    assert progress.duration_s(100.0) == 3.0
