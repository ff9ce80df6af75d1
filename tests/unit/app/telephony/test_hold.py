"""A caller on hold, as the participants of the call say."""

import pytest

from actors.messages.caller import HoldEnded, HoldStarted
from actors.rules.turn_taking.state import TurnSnapshot
from actors.session.checkpoint import Checkpoint
from app.telephony.hold import follow_hold, hold_has_ended
from protocol.calls import CallState, Participant
from tests.unit.app.telephony.board_kit import Board
from tests.unit.app.telephony.call_kit import new_call, on_virtual_time


def person(status: str) -> Participant:
    return Participant(id="4:+12065550100", phone_number="+12065550100", role="person", status=status)


def test_the_state_of_a_call_follows_its_caller_and_the_session_is_told_once() -> None:
    async def act() -> None:
        on = Board()
        for number, status in enumerate(("connected", "on_hold", "on_hold", "muted")):
            on.call.participants.update(number, [person(status)])
            follow_hold(on.board, on.call)
        assert on.call.state is CallState.CONNECTED
        assert on.told == [HoldStarted(), HoldEnded()]

    on_virtual_time(act)


@pytest.mark.parametrize("state", [CallState.RINGING, CallState.DISCONNECTED])
def test_a_call_that_is_not_up_is_not_on_hold(state: CallState) -> None:
    async def act() -> None:
        on = Board(state)
        on.call.participants.update(1, [person("on_hold")])
        follow_hold(on.board, on.call)
        assert (on.call.state, on.told) == (state, [])

    on_virtual_time(act)


@pytest.mark.parametrize(
    ("since", "state", "ended"),
    [
        (7.0, CallState.CONNECTED, True),
        (7.0, CallState.ON_HOLD, False),
        (None, CallState.CONNECTED, False),
    ],
)
def test_a_hold_has_ended_that_a_checkpoint_still_has(since: float | None, state: CallState, ended: bool) -> None:
    async def act() -> None:
        assert hold_has_ended(new_call(state), Checkpoint(turn=TurnSnapshot(on_hold_since=since))) is ended
        assert not hold_has_ended(new_call(state), Checkpoint())

    on_virtual_time(act)
