"""Calls that are not answered: each is refused or redirected, since one that rings on is the worst answer."""

import asyncio
from typing import Any, cast
from unittest.mock import AsyncMock, Mock

import pytest

from actors.runtime.clock import run_virtual
from app.telephony.call_control import CallControl
from app.telephony.counts import TelephonyCounts
from app.telephony.errors import CallControlError, Trouble
from app.telephony.inbound.call_rejection import CallRejection
from app.telephony.inbound.incoming_call import IncomingCall
from app.telephony.inbound.ringing import RINGS_S
from config.settings import Settings


def incoming(caller: str = "+15550100", *, is_withheld: bool = False) -> IncomingCall:
    return IncomingCall(
        handle="opaque",
        caller_number=caller,
        is_withheld=is_withheld,
        called_number="+15550199",
    )


def rejection(*, known: bool = True, **variables: str) -> tuple[CallRejection, Any]:
    switchboard = Mock(counts=TelephonyCounts())
    switchboard.carrier.addresses.known = known
    return CallRejection(Settings.read(variables).telephony, switchboard), switchboard


def network(**failing: Any) -> Any:
    """A network that takes every order, but for those for which an error is given, or one after the other."""
    return Mock(
        reject=AsyncMock(side_effect=failing.get("reject")), redirect=AsyncMock(side_effect=failing.get("redirect"))
    )


@pytest.mark.parametrize(
    ("call", "blocked", "reason"),
    [
        (incoming(), "+15550100", "forbidden"),
        (incoming(), "+15550101", None),
        (incoming("", is_withheld=True), "anonymous", "forbidden"),
        (incoming("", is_withheld=True), "+15550100", None),
        (incoming(""), "anonymous", None),
        (incoming(is_withheld=True), "anonymous", "forbidden"),
        (incoming(is_withheld=True), "+15550100", "forbidden"),
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
    await away.turn_away(cast("CallControl", control), incoming())
    control.redirect.assert_awaited_once_with("opaque", "+15550177")
    assert (control.reject.await_count, switchboard.counts.refused_calls) == (0, 1)


@pytest.mark.parametrize("handoff", ["", "+15550199"], ids=["nobody", "the number that was called"])
async def test_else_the_line_is_busy(handoff: str) -> None:
    away, switchboard = rejection(HANDOFF_PHONE_NUMBER=handoff)
    control = network()
    await away.turn_away(cast("CallControl", control), incoming())
    control.reject.assert_awaited_once_with("opaque", "busy")
    assert (control.redirect.await_count, switchboard.counts.refused_calls) == (0, 1)


async def test_a_call_that_cannot_be_redirected_is_refused_and_a_refusal_that_fails_is_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    away, switchboard = rejection(HANDOFF_PHONE_NUMBER="+15550177")
    refused = CallControlError(Trouble.REJECTED, "400")
    control = network(redirect=refused, reject=refused)
    await away.turn_away(cast("CallControl", control), incoming())
    control.reject.assert_awaited_once_with("opaque", "busy")
    assert switchboard.counts.refused_calls == 1
    assert "could not be redirected" in caplog.text
    assert "could not be rejected" in caplog.text
    assert "555" not in caplog.text


@pytest.mark.parametrize("handoff", ["", "+15550177"])
def test_what_is_not_taken_at_once_is_ordered_again_while_it_rings(handoff: str) -> None:
    async def main() -> None:
        away, switchboard = rejection(HANDOFF_PHONE_NUMBER=handoff)
        busy = CallControlError(Trouble.THROTTLED, "429", retry_after_s=2.0)
        control = network(redirect=[busy, busy, None], reject=[busy, busy, None])
        await away.turn_away(cast("CallControl", control), incoming())
        given = (control.redirect.await_count, control.reject.await_count)
        assert given == ((3, 0) if handoff else (0, 3))
        assert switchboard.counts.refused_calls == 1
        assert asyncio.get_running_loop().time() >= 4

    run_virtual(main())


def test_a_redirection_that_is_never_taken_gives_way_to_a_refusal_while_it_still_rings() -> None:
    async def main() -> None:
        away, _ = rejection(HANDOFF_PHONE_NUMBER="+15550177")
        control = network(redirect=[CallControlError(Trouble.UNAVAILABLE, "503")] * 100)
        await away.turn_away(cast("CallControl", control), incoming())
        control.reject.assert_awaited_once_with("opaque", "busy")
        assert asyncio.get_running_loop().time() < RINGS_S

    run_virtual(main())
