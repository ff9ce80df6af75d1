"""Calls that are not answered: refused by rule, or turned away since there is no room or no answer is taken.

A call that is neither answered nor refused rings until its caller gives up: of all answers the worst.
"""

import logging
from typing import Literal

from app.telephony.call_control import CallControl
from app.telephony.inbound.incoming_call import IncomingCall
from app.telephony.inbound.ringing import RINGS_S, ordered
from app.telephony.switchboard import Switchboard
from config.groups.telephony import Telephony

log = logging.getLogger(__name__)

ANONYMOUS = "anonymous"
"""The word in BLOCKED_CALLERS for callers who withhold their number."""
REDIRECT_S = RINGS_S / 2
"""Seconds within which a redirection has to succeed; then the call is rejected, while it still rings."""

Reason = Literal["none", "busy", "forbidden"]


class CallRejection:
    """Rejects or redirects calls that one worker does not answer."""

    def __init__(self, settings: Telephony, switchboard: Switchboard) -> None:
        self._settings = settings
        self._switchboard = switchboard

    def reason(self, incoming: IncomingCall) -> Reason | None:
        """Why this call is not answered, whatever room there is; None if nothing speaks against it."""
        names = {incoming.caller_number} | ({ANONYMOUS} if incoming.is_withheld else set())
        if names.intersection(self._settings.blocked_callers):
            return "forbidden"
        if not self._switchboard.carrier.addresses.known:
            log.error("no call can be answered: set BASE_URL, so that the telephone network can reach this server")
            return "none"
        return None

    async def refuse(self, control: CallControl, incoming: IncomingCall, reason: Reason) -> None:
        """Reject a call, so that its caller hears that they are not put through; ordered for as long as it rings."""
        self._switchboard.counts.refused_calls += 1
        log.warning("an incoming call is rejected: %s", reason)
        await self._reject(control, incoming, reason)

    async def _reject(self, control: CallControl, incoming: IncomingCall, reason: Reason) -> None:
        error = await ordered(lambda: control.reject(incoming.handle, reason))
        if error is not None:
            log.warning("a call could not be rejected: %s", error)

    async def turn_away(self, control: CallControl, incoming: IncomingCall) -> None:
        """Have the call ring at HANDOFF_PHONE_NUMBER, else say that the line is busy."""
        handoff = self._settings.handoff_phone_number
        if not handoff or handoff == incoming.called_number:
            await self.refuse(control, incoming, "busy")
            return
        self._switchboard.counts.refused_calls += 1
        log.warning("an incoming call is redirected to HANDOFF_PHONE_NUMBER: it cannot be answered here")
        error = await ordered(lambda: control.redirect(incoming.handle, handoff), REDIRECT_S)
        if error is not None:
            log.warning("a call could not be redirected, and is rejected: %s", error)
            await self._reject(control, incoming, "busy")
