"""A caller on hold, as the participants of the call say: the state of the call follows, and its session is told."""

import asyncio
import logging
from collections.abc import Sequence

from actors.messages.caller import HoldEnded, HoldStarted
from actors.session.checkpoint import Checkpoint
from app.telephony.call import Call
from app.telephony.call_participants import as_shown, only_telephone
from app.telephony.errors import CallControlError
from app.telephony.switchboard import Switchboard
from protocol.calls import CallState

log = logging.getLogger(__name__)

PARTICIPANTS_S = 2.0
"""Seconds for which the participants of a call are waited for: its caller may hear nothing meanwhile."""
LOOK_AGAIN_S = (2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds before each further question after one that the network has not answered."""


def follow_hold(switchboard: Switchboard, call: Call) -> None:
    """Follow whether the caller of a call that is up is on hold, and tell its session of a change."""
    on_hold = call.participants.is_caller_on_hold
    if call.up and on_hold != (call.state is CallState.ON_HOLD):
        call.change_state(CallState.ON_HOLD if on_hold else CallState.CONNECTED, switchboard.wall())
        switchboard.tell_session(call, HoldStarted() if on_hold else HoldEnded())


async def look_at_participants(switchboard: Switchboard, call: Call, *, since_updates: int) -> bool:
    """Ask the network who is on a call, and who of them on hold, where no event may have told of a change; returns
    whether it has answered.

    `since_updates`: how many updates had come when it became doubtful; what is told after that is later.
    """
    try:
        async with asyncio.timeout(PARTICIPANTS_S):
            present = await switchboard.control.participants(call.call_id)
    except (CallControlError, TimeoutError) as error:
        log.warning(
            "the participants of a call cannot be looked up: %s", error or "no answer", extra={"call": call.call_id}
        )
        return False
    call.caller = call.caller or only_telephone(present, call.own_number)
    if present and call.participants.updates == since_updates:
        call.participants.restore(as_shown(present, call.caller))
        follow_hold(switchboard, call)
        call.on_change(call)
    return True


async def look_again(
    switchboard: Switchboard, call: Call, *, since_updates: int, waits_s: Sequence[float] = LOOK_AGAIN_S
) -> None:
    """Ask the same again after each of `waits_s`, until the network answers or an event tells: nobody brings a caller
    back from hold of whom it is not known that they are.
    """
    for wait_s in waits_s:
        await asyncio.sleep(wait_s)
        if call.participants.updates != since_updates:
            return
        if await look_at_participants(switchboard, call, since_updates=since_updates):
            return


def hold_has_ended(call: Call, checkpoint: Checkpoint) -> bool:
    """Whether the caller was on hold when the checkpoint was written, and is not any more: nobody has told the session
    that goes on from it.
    """
    was_on_hold = checkpoint.turn is not None and checkpoint.turn.on_hold_since is not None
    return was_on_hold and call.state is not CallState.ON_HOLD
