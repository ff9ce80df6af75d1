"""What telephony is told of a call that Event Grid announces."""

import pytest

from app.telephony.acs.incoming_calls import incoming_call
from app.telephony.inbound.incoming_call import IncomingCall
from protocol.acs import event_grid
from protocol.acs.participants import Identifier, Telephone


def test_every_field_of_an_announcement_has_its_place() -> None:
    announced = event_grid.IncomingCall(
        context="opaque",
        caller=Identifier(raw_id="4:+15550100"),
        callee=Identifier(raw_id="8:acs:ours"),
        server_call_id="s1",
        caller_display_name="Ada",
        custom_context=event_grid.CustomContext(sip_headers={"X-Order": "1"}, voip_headers={"tier": "gold"}),
        event_id="e1",
    )
    assert incoming_call(announced) == IncomingCall(
        handle="opaque",
        event_id="e1",
        server_call_id="s1",
        caller="+15550100",
        caller_number="+15550100",
        caller_name="Ada",
        called="8:acs:ours",
        headers={"X-Order": "1", "tier": "gold"},
    )


@pytest.mark.parametrize("raw_id", ["4:anonymous", "4:Anonymous"])
def test_a_withheld_number_is_no_number(raw_id: str) -> None:
    call = incoming_call(event_grid.IncomingCall(context="opaque", caller=Identifier(raw_id=raw_id)))
    assert (call.caller, call.caller_number, call.is_withheld) == (raw_id, "", True)


def test_all_but_the_handle_may_be_absent() -> None:
    assert incoming_call(event_grid.IncomingCall(context="opaque")) == IncomingCall(handle="opaque")


def test_a_number_that_is_told_and_withheld_nevertheless_is_both() -> None:
    caller = Identifier(raw_id="4:+15550100", telephone=Telephone("+15550100", is_anonymous=True))
    call = incoming_call(event_grid.IncomingCall(context="opaque", caller=caller))
    assert (call.caller_number, call.is_withheld) == ("+15550100", True)
