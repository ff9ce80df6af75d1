"""Calls that are not answered: refused by rule, or turned away since there is no room.

A call that is neither answered nor refused rings until its caller gives up: of all answers the worst.
"""

import logging
from typing import Literal

from app.telephony.call_control import CallControl
from app.telephony.errors import CallControlError
from app.telephony.incoming_call import IncomingCall
from app.telephony.switchboard import Switchboard
from config.groups.telephony import Telephony

log = logging.getLogger(__name__)

ANONYMOUS = "anonymous"
"""What BLOCKED_CALLERS calls those who withhold their number."""

Reason = Literal["none", "busy", "forbidden"]


class CallRejection:
    """Rejects or redirects calls for which one worker has no room."""

    def __init__(self, settings: Telephony, switchboard: Switchboard) -> None:
        self._settings = settings
        self._switchboard = switchboard

    def reason(self, incoming: IncomingCall) -> Reason | None:
        """Why this call is not answered, whatever room there is; None if nothing speaks against it."""
        number = incoming.caller_number or (ANONYMOUS if incoming.is_withheld else "")
        if number in self._settings.blocked_callers:
            return "forbidden"
        if not self._switchboard.carrier.addresses.known:
            log.error("no call can be answered: set BASE_URL, so that the telephone network can reach this server")
            return "none"
        return None

    async def refuse(self, control: CallControl, incoming: IncomingCall, reason: Reason) -> None:
        """Reject a call: its caller hears that they are not put through."""
        self._switchboard.refused_calls += 1
        log.warning("an incoming call is rejected: %s", reason)
        try:
            await control.reject(incoming.handle, reason)
        except CallControlError as error:
            log.warning("a call could not be rejected: %s", error)

    async def at_capacity(self, control: CallControl, incoming: IncomingCall) -> None:
        """Have the call ring at HANDOFF_PHONE_NUMBER, else say that the line is busy."""
        handoff = self._settings.handoff_phone_number
        if not handoff or handoff == incoming.called_number:
            await self.refuse(control, incoming, "busy")
            return
        self._switchboard.refused_calls += 1
        log.warning("an incoming call is redirected to HANDOFF_PHONE_NUMBER: there is no room for it")
        try:
            await control.redirect(incoming.handle, handoff)
        except CallControlError as error:
            log.warning("a call could not be redirected: %s", error)
            await self.refuse(control, incoming, "busy")
