"""Calls begin with a session of their own, asked for a code or not, and are hung up if nobody answers."""

import asyncio
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest

from actors.runtime.clock import LoopClock, run_virtual
from app.agents.roster import AgentRoster
from app.telephony.call import Admission, Direction
from app.telephony.call_log import CallLog
from app.telephony.errors import CallControlError, NoCapacityError, NotConfiguredError, Trouble
from app.telephony.new_calls import RINGING_S, NewCalls
from config.settings import Settings
from protocol.calls import CallState, InitiateCall
from tests.kit.session_kit import AGENT

ASKED = InitiateCall(target_number="+15550100")


def beginning(*, source: str = "+15550199", has_room: bool = True, **variables: str) -> tuple[NewCalls, Any]:
    switchboard = Mock(log=CallLog())
    switchboard.carrier.source_number = source
    switchboard.carrier.rate_hz = 24_000
    switchboard.carrier.transcribes = False
    switchboard.control.create = AsyncMock(return_value="call-1")
    switchboard.taken = lambda call, call_id: call.identify(call_id)
    numbers = iter(range(100))
    capacity = Mock(has_room=has_room)
    if not has_room:
        capacity.require.side_effect = NoCapacityError("no capacity left for another call")
    calls = NewCalls(
        settings=Settings.read(variables),
        clock=LoopClock(),
        random=Mock(**{"token.side_effect": lambda prefix="": f"{prefix}{next(numbers)}"}),
        agents=AgentRoster({"tester": AGENT}),
        phrases=Mock(),
        sessions=Mock(live={"session_live": Mock()}),
        capacity=capacity,
        switchboard=switchboard,
        expect=switchboard.expect,
        forget=switchboard.forget,
    )
    return calls, switchboard


def test_a_call_that_is_placed_rings_and_is_given_up_when_nobody_answers() -> None:
    async def main() -> None:
        calls, switchboard = beginning(CALL_ACCESS_CODE="2468")
        call = await calls.place(ASKED, AGENT, "media")
        assert (call.call_id, call.state, call.admission) == ("call-1", CallState.RINGING, Admission.ADMITTED)
        assert switchboard.log.live == [call]
        switchboard.expect.assert_called_once_with(call.session_id, "media")
        await asyncio.sleep(RINGING_S - 1)
        assert not switchboard.forget.called
        await asyncio.sleep(2)
        switchboard.hang_up.assert_called_once_with(call)
        switchboard.forget.assert_called_once_with(call.session_id)

    run_virtual(main())


def test_what_was_made_ready_for_a_call_that_is_over_is_given_up() -> None:
    async def main() -> None:
        calls, switchboard = beginning()
        call = calls.begin(Direction.INBOUND, AGENT, "voice_live", "+15550100")
        await asyncio.sleep(1)
        assert call.change_state(CallState.FAILED, 0.0)
        await asyncio.gather(*call.cancel(), return_exceptions=True)
        switchboard.expect.assert_called_once_with(call.session_id, "voice_live")
        switchboard.forget.assert_called_once_with(call.session_id)
        assert not switchboard.hang_up.called

    run_virtual(main())


def test_who_calls_us_is_asked_for_the_code_where_there_is_one() -> None:
    async def main() -> None:
        free, guarded = beginning(), beginning(CALL_ACCESS_CODE="2468")
        for (calls, _), admission in ((free, Admission.ADMITTED), (guarded, Admission.AWAITS_CODE)):
            call = calls.begin(Direction.INBOUND, AGENT, "media", "+15550100")
            assert call.admission is admission
            call.cancel()

    run_virtual(main())


@pytest.mark.parametrize(
    ("wanted", "own"), [("session_free", "session_free"), ("session_live", "session_0"), (None, "session_0")]
)
def test_a_session_s_id_is_the_one_that_is_wanted_if_it_is_free(wanted: str | None, own: str) -> None:
    async def main() -> None:
        calls, _ = beginning()
        call = calls.begin(Direction.INBOUND, AGENT, "media", "+15550100", wanted=wanted)
        assert call.session_id == own
        call.cancel()

    run_virtual(main())


def test_nothing_is_ordered_without_a_number_or_without_room() -> None:
    async def main() -> None:
        for calls, _ in (beginning(source=""), beginning(has_room=False)):
            with pytest.raises((NotConfiguredError, NoCapacityError)):
                await calls.place(ASKED, AGENT, "media")
        calls, switchboard = beginning(has_room=False)
        with pytest.raises(NoCapacityError):
            calls.adopt("call-1", "")
        assert switchboard.log.live == []

    run_virtual(main())


@pytest.mark.parametrize("known", [False, True])
def test_an_order_that_failed_may_have_been_carried_out_all_the_same(known: bool) -> None:
    async def main() -> None:
        calls, switchboard = beginning()

        async def fail(*_: object) -> str:
            (call,) = switchboard.log.live
            if known:
                call.identify("call-1")
            raise CallControlError(Trouble.UNAVAILABLE, "no answer")

        switchboard.control.create = fail
        if known:
            assert (await calls.place(ASKED, AGENT, "media")).call_id == "call-1"
            assert switchboard.ended.call_count == 0
        else:
            with pytest.raises(CallControlError):
                await calls.place(ASKED, AGENT, "media")
            assert switchboard.ended.call_args.args[1] is CallState.FAILED
        for call in switchboard.log.live:
            call.cancel()

    run_virtual(main())
