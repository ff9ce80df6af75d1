"""Calls that are not answered: each is refused or redirected, since one that rings on is the worst answer."""

from typing import Any, cast
from unittest.mock import AsyncMock, Mock

import pytest

from app.telephony.call_control import CallControl
from app.telephony.call_rejection import CallRejection
from app.telephony.errors import CallControlError, Trouble
from app.telephony.incoming_call import IncomingCall
from config.settings import Settings


def incoming(caller: str = "+15550100", *, is_withheld: bool = False) -> IncomingCall:
    return IncomingCall(
        handle="opaque",
        caller_number=caller,
        is_withheld=is_withheld,
        called_number="+15550199",
    )


def rejection(*, known: bool = True, **variables: str) -> tuple[CallRejection, Any]:
    switchboard = Mock(refused_calls=0)
    switchboard.carrier.addresses.known = known
    return CallRejection(Settings.read(variables).telephony, switchboard), switchboard


def network(**failing: bool) -> Any:
    error = CallControlError(Trouble.UNAVAILABLE, "status 503")
    return Mock(
        reject=AsyncMock(side_effect=error if failing.get("reject") else None),
        redirect=AsyncMock(side_effect=error if failing.get("redirect") else None),
    )


@pytest.mark.parametrize(
    ("call", "blocked", "reason"),
    [
        (incoming(), "+15550100", "forbidden"),
        (incoming(), "+15550101", None),
        (incoming("", is_withheld=True), "anonymous", "forbidden"),
        (incoming("", is_withheld=True), "+15550100", None),
        (incoming(""), "anonymous", None),
    ],
)
def test_who_is_blocked_is_refused(call: IncomingCall, blocked: str, reason: str | None) -> None:
    assert rejection(BLOCKED_CALLERS=blocked)[0].reason(call) == reason


def test_a_server_that_cannot_be_reached_answers_nobody_and_says_why(caplog: pytest.LogCaptureFixture) -> None:
    assert rejection(known=False)[0].reason(incoming()) == "none"
    assert "set BASE_URL" in caplog.text


async def test_without_room_a_call_goes_to_a_person_if_there_is_one() -> None:
    away, switchboard = rejection(HANDOFF_PHONE_NUMBER="+15550177")
    control = network()
    await away.at_capacity(cast("CallControl", control), incoming())
    control.redirect.assert_awaited_once_with("opaque", "+15550177")
    assert (control.reject.await_count, switchboard.refused_calls) == (0, 1)


@pytest.mark.parametrize("handoff", ["", "+15550199"], ids=["nobody", "the number that was called"])
async def test_else_the_line_is_busy(handoff: str) -> None:
    away, switchboard = rejection(HANDOFF_PHONE_NUMBER=handoff)
    control = network()
    await away.at_capacity(cast("CallControl", control), incoming())
    control.reject.assert_awaited_once_with("opaque", "busy")
    assert (control.redirect.await_count, switchboard.refused_calls) == (0, 1)


async def test_a_call_that_cannot_be_redirected_is_refused_and_a_refusal_that_fails_is_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    away, _ = rejection(HANDOFF_PHONE_NUMBER="+15550177")
    control = network(redirect=True, reject=True)
    await away.at_capacity(cast("CallControl", control), incoming())
    control.reject.assert_awaited_once_with("opaque", "busy")
    assert "could not be redirected" in caplog.text
    assert "could not be rejected" in caplog.text
    assert "555" not in caplog.text
