"""Translates an `IncomingCall` event of Event Grid into the carrier-neutral announcement of a call."""

from app.telephony.inbound.incoming_call import IncomingCall
from protocol.acs import event_grid
from protocol.acs.participants import Identifier

ANONYMOUS = "4:anonymous"
"""The raw id of a caller who withholds their number."""


def incoming_call(announced: event_grid.IncomingCall) -> IncomingCall:
    """Return the call that an `IncomingCall` event announces."""
    custom = announced.custom_context
    caller, callee = announced.caller, announced.callee
    return IncomingCall(
        handle=announced.context,
        event_id=announced.event_id,
        server_call_id=announced.server_call_id,
        caller=_name(caller),
        caller_number=_number(caller),
        is_withheld=caller is not None and (caller.raw_id.lower() == ANONYMOUS or caller.telephone.is_anonymous),
        caller_name=announced.caller_display_name,
        called=_name(callee),
        called_number=_number(callee),
        headers={**custom.sip_headers, **custom.voip_headers},
    )


def _number(identifier: Identifier | None) -> str:
    """The number in E.164; empty for a participant without one."""
    return identifier.phone_number or "" if identifier is not None else ""


def _name(identifier: Identifier | None) -> str:
    """The number in E.164, else the raw id; empty if there is no participant."""
    return _number(identifier) or (identifier.raw_id if identifier is not None else "")
