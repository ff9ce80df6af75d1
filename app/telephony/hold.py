"""A caller on hold, as the participants of the call say: the state of the call follows, and its session is told."""

from actors.messages.caller import HoldEnded, HoldStarted
from actors.session.checkpoint import Checkpoint
from app.telephony.call import Call
from app.telephony.switchboard import Switchboard
from protocol.calls import CallState


def follow_hold(switchboard: Switchboard, call: Call, at: float) -> None:
    """Follow whether the caller of a call that is up is on hold, and tell its session of a change.

    `at`: now, in seconds since the epoch.
    """
    on_hold = call.participants.is_caller_on_hold
    if call.up and on_hold != (call.state is CallState.ON_HOLD):
        call.change_state(CallState.ON_HOLD if on_hold else CallState.CONNECTED, at)
        switchboard.tell_session(call, HoldStarted() if on_hold else HoldEnded())


def hold_has_ended(call: Call, checkpoint: Checkpoint) -> bool:
    """Whether the caller was on hold when the checkpoint was written, and is not any more: nobody has told the session
    that goes on from it.
    """
    was_on_hold = checkpoint.turn is not None and checkpoint.turn.on_hold_since is not None
    return was_on_hold and call.state is not CallState.ON_HOLD
