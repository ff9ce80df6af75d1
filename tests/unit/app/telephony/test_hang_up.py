"""A call is hung up at a network that is busy or away: no line stays open with nobody on it."""

import asyncio
from typing import Any, cast
from unittest.mock import AsyncMock, Mock

import pytest

from actors.runtime.clock import run_virtual
from app.telephony.call_control import CallControl, CallProperties
from app.telephony.errors import CallControlError, Trouble
from app.telephony.hang_up import MOST_PATIENCE_S, WAITS_S, HangUp, hang_up

UP = CallProperties("call", "server", "correlation", "connected", "active")
OVER = CallProperties("call", "server", "correlation", "disconnected", "")


def refusal(trouble: Trouble = Trouble.UNAVAILABLE, retry_after_s: float | None = None) -> CallControlError:
    return CallControlError(trouble, "hang_up: status 503", retry_after_s=retry_after_s)


def network(*answers: Any, properties: Any = UP) -> Any:
    """Answers one order to hang up after the other, and says of the call what it is told to."""
    return Mock(hang_up=AsyncMock(side_effect=answers), properties=AsyncMock(side_effect=[properties] * len(answers)))


def ends(control: Any, told: list[CallControlError] | None = None) -> tuple[HangUp, float]:
    """What came of it, and after how many seconds."""

    async def main() -> tuple[HangUp, float]:
        refused = told.append if told is not None else None
        ended = await hang_up(cast("CallControl", control), "call", refused)
        return ended, asyncio.get_running_loop().time()

    return run_virtual(main())


def test_an_order_that_is_taken_is_given_once_and_at_once() -> None:
    control = network(None)
    ended, took_s = ends(control)
    assert ended is HangUp.ORDERED
    assert took_s < 0.1
    assert control.hang_up.await_count == 1


def test_one_that_is_not_taken_is_repeated_and_each_refusal_told() -> None:
    told: list[CallControlError] = []
    control = network(refusal(), refusal(), None)
    ended, took_s = ends(control, told)
    assert (ended, len(told)) == (HangUp.ORDERED, 2)
    assert took_s == pytest.approx(sum(WAITS_S[:3]), abs=0.1)


@pytest.mark.parametrize(
    "control", [network(refusal(Trouble.NOT_FOUND)), network(refusal(), properties=OVER)], ids=["unknown", "over"]
)
def test_a_call_that_is_gone_is_not_hung_up_again(control: Any) -> None:
    told: list[CallControlError] = []
    assert ends(control, told)[0] is HangUp.OVER
    assert told == []


def test_a_network_that_asks_for_patience_has_it_up_to_a_bound() -> None:
    assert ends(network(refusal(retry_after_s=5), None))[1] == pytest.approx(5, abs=0.1)
    assert ends(network(refusal(retry_after_s=3_600), None))[1] == pytest.approx(MOST_PATIENCE_S, abs=0.1)


def test_one_that_never_takes_it_is_given_up_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    control = network(*[refusal()] * len(WAITS_S))
    assert ends(control)[0] is HangUp.NOT_TAKEN
    assert control.hang_up.await_count == len(WAITS_S)
    assert "still open at the telephone network" in caplog.text


def test_a_call_that_is_others_is_left_and_not_ended() -> None:
    control = Mock(leave=AsyncMock(), hang_up=AsyncMock())
    assert run_virtual(hang_up(cast("CallControl", control), "call", leaves=True)) is HangUp.ORDERED
    control.leave.assert_awaited_once_with("call")
    control.hang_up.assert_not_awaited()
