"""How a call stands, as the telephone network says when it is asked: for calls of which no event tells enough."""

import asyncio

from app.telephony.call_control import CallControl
from app.telephony.errors import CallControlError, Trouble

CONNECTED, DISCONNECTED = "connected", "disconnected"
INACTIVE = "inactive"
"""The state of a stream or a transcription of a call that runs not, and can be started."""
TRANSFERRING = ("transferring", "transferAccepted")
"""The states of a call that is being transferred: it takes no orders, and must not be ended."""
TRANSFER_S = 45.0
"""Seconds within which the other side has to accept a transfer."""
LOOKS_S = (0.2, 0.3, 0.5, 1.0, 2.0)
"""Seconds before each further look at a call that is being transferred; the last one repeatedly."""


async def state_of(control: CallControl, call_id: str) -> str:
    """Ask the network for the state of a call, in the network's own words.

    Returns `DISCONNECTED` also if the network knows no such call, and an empty text if no state is to be had.
    """
    try:
        return (await control.properties(call_id)).state
    except CallControlError as error:
        return DISCONNECTED if error.trouble is Trouble.NOT_FOUND else ""


async def is_over(control: CallControl, call_id: str) -> bool:
    """Whether the network itself says that the call is over or unknown; False where no state is to be had."""
    return await state_of(control, call_id) == DISCONNECTED


async def has_come_to_nothing(control: CallControl, call_id: str) -> bool:
    """Whether the network says within seconds that a call is over of which it has told that it was not established.

    The network's events come in any order, and one may be of another order to answer the same call.
    """
    for look_s in (0.0, *LOOKS_S):
        await asyncio.sleep(look_s)
        state = await state_of(control, call_id)
        if state in (CONNECTED, DISCONNECTED, *TRANSFERRING):
            return state == DISCONNECTED
    return False


async def transferred(control: CallControl, call_id: str) -> str:
    """Wait while the network says that the caller is being put through, for `TRANSFER_S` seconds at most.

    Returns the state of the call then. For a transfer of which this worker does not know: the answer to its order was
    lost, or somebody else has ordered it.
    """
    loop = asyncio.get_running_loop()
    until, looks = loop.time() + TRANSFER_S, 0
    while (state := await state_of(control, call_id)) in TRANSFERRING and loop.time() < until:
        await asyncio.sleep(LOOKS_S[min(looks, len(LOOKS_S) - 1)])
        looks += 1
    return state
