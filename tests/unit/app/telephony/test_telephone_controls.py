"""Whom the tools of a session may put a caller through to."""

from unittest.mock import Mock

import pytest

from actors.ports.call_controls import CallError, CallTrouble
from actors.session_context import SessionContext
from app.telephony.telephone_controls import TelephoneControls, is_transfer_target

CLERK = "8:orgid:0a1b2c3d-0000-4000-8000-0123456789ab"


@pytest.mark.parametrize(
    ("number", "allowed"),
    [
        ("+15550177", True),
        ("+442071838750", True),
        ("+15550178", False),
        ("0800", False),
        ("+44*", False),
        (CLERK, True),
        (f"{CLERK}1", False),
        ("8:acs:*", False),
    ],
)
def test_a_target_is_a_number_or_the_beginning_of_some(number: str, allowed: bool) -> None:
    assert is_transfer_target(number, ("+15550177", "+44*", CLERK, "8:acs:*")) is allowed


@pytest.mark.parametrize(
    ("target", "handoff", "trouble", "says"),
    [
        ("", "", CallTrouble.NOT_CONFIGURED, "there is nobody to put callers through to"),
        ("+15550188", "+15550177", CallTrouble.REFUSED, "a member of staff can be reached"),
        ("+15550188", "", CallTrouble.REFUSED, "only the numbers set up for this agent"),
    ],
)
async def test_nobody_can_have_any_number_dialled(target: str, handoff: str, trouble: CallTrouble, says: str) -> None:
    switchboard = Mock()
    with pytest.raises(CallError, match=says) as caught:
        await TelephoneControls(switchboard, Mock(), handoff).transfer(target)
    assert caught.value.trouble is trouble
    assert "555" not in str(caught.value)
    assert switchboard.mock_calls == []


def test_tools_know_the_call_and_what_whoever_placed_it_said() -> None:
    call = Mock(call_id="call", about=SessionContext(context={"order": 7}))
    controls = TelephoneControls(Mock(), call, "")
    assert (controls.call_id, controls.context) == ("call", {"order": 7})
