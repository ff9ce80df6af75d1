"""Ends a call at the telephone network, which may be busy or away just then: no line stays open with nobody on it."""

import asyncio
import logging

from app.adapters.acs.port import CallAutomationError, CallControl, Trouble

log = logging.getLogger(__name__)

WAITS_S = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Waits before each order, which is besides repeated within itself."""
MOST_PATIENCE_S = 30.0
"""A network that asks for more patience is asked again after this."""


async def hung_up(control: CallControl, call_id: str) -> bool:
    """End a call for everybody, ordered until the network takes it; whether it did. One it does not know is over."""
    patience_s = 0.0
    for wait_s in WAITS_S:
        await asyncio.sleep(max(wait_s, patience_s))
        try:
            await control.hang_up(call_id)
        except CallAutomationError as error:
            if error.trouble is Trouble.NOT_FOUND:
                return False
            log.warning("a call is not hung up yet: %s", error)
            patience_s = min(error.retry_after_s or 0.0, MOST_PATIENCE_S)
        else:
            return True
    log.error("a call could not be hung up: it is still open at the telephone network")
    return False
