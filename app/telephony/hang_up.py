"""Ends a call at the telephone network, which may be busy or away just then: no line stays open with nobody on it."""

import asyncio
import logging
from collections.abc import Callable
from enum import StrEnum

from app.telephony.call_control import CallControl
from app.telephony.errors import CallControlError, Trouble
from app.telephony.network_state import is_over

log = logging.getLogger(__name__)

WAITS_S = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds before each order to hang up; the client of the network repeats each of them by itself as well."""
MOST_PATIENCE_S = 30.0
"""Seconds after which the order is given again at the latest, even where the network asks for a longer wait."""


class HangUp(StrEnum):
    """What came of the order to hang up: taken by the network, not taken, or pointless since the call is gone."""

    ORDERED = "ordered"  # the order was taken: the end of the call is told as an event
    OVER = "over"  # the network itself says that there is no such call
    NOT_TAKEN = "not_taken"  # the call is still up, as far as anybody knows


class HangUpOrder:
    """How far the order to hang up one call is."""

    task: asyncio.Task[None] | None = None
    """Gives the order, and sees the call over; None while it is not ordered."""
    is_repeated: bool = False
    """The call has shown that it is up after it was taken for over, and the order is given again."""
    refusal: CallControlError | None = None
    """Why the network has not taken the order, the last time that it was given."""

    def note_refusal(self, error: CallControlError) -> None:
        """Note that the network has not taken the order."""
        self.refusal = error


async def hang_up(
    control: CallControl,
    call_id: str,
    refused: Callable[[CallControlError], None] | None = None,
    *,
    leaves: bool = False,
) -> HangUp:
    """End a call for everybody, ordered until the network takes it or says that the call is over.

    `refused` is told each time that the order was not taken. `leaves`: the call is left to the others who are on it.
    """
    patience_s = 0.0
    for wait_s in WAITS_S:
        await asyncio.sleep(max(wait_s, patience_s))
        try:
            await (control.leave(call_id) if leaves else control.hang_up(call_id))
        except CallControlError as error:
            if error.trouble is Trouble.NOT_FOUND or await is_over(control, call_id):
                return HangUp.OVER
            log.warning("a call is not hung up yet: %s", error, extra={"call": call_id})
            if refused is not None:
                refused(error)
            patience_s = min(error.retry_after_s or 0.0, MOST_PATIENCE_S)
        else:
            return HangUp.ORDERED
    log.error("a call could not be hung up: it is still open at the telephone network")
    return HangUp.NOT_TAKEN
