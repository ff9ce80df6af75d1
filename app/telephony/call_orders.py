"""What tools and operators may order of a call that is up: put it through, press keys, record it."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from actors.call_line import CallError, CallTrouble
from app.adapters.acs.port import CallAutomationError, Trouble
from app.telephony.call import Call
from app.telephony.switchboard import Switchboard
from protocol.calls import CallState

log = logging.getLogger(__name__)

TRANSFER_S = 45.0
"""The other side of a transfer accepts within this time."""
LAST_WORD_S = 5.0
"""A transfer waits so long for what is being said to be heard."""
LOOKED_S = 0.05


class CallOrders:
    """For one call; every method raises `CallError`. See `actors.call_line.CallLine`."""

    def __init__(self, switchboard: Switchboard, call: Call) -> None:
        self._switchboard = switchboard
        self._call = call

    async def transfer(self, number: str) -> None:
        """Put the caller through; returns when the other side has accepted."""
        # Shielded, since it is the network's business what comes of it.
        await asyncio.shield(await self.begin_transfer(number))

    async def begin_transfer(self, number: str) -> asyncio.Future[None]:
        """Ask for the transfer; what the future comes to is what the network says of it."""
        call = self._call
        self._require_connected()
        if call.transferring is not None:
            raise CallError(CallTrouble.NOT_CONNECTED, "the call is being transferred already")
        accepted = call.transferring = asyncio.get_running_loop().create_future()
        try:
            await self._said()
            await self._order(self._switchboard.control.transfer(call.call_id, number))
        except BaseException:
            call.transferring = None
            raise
        call.run(self._give_up_transfer(accepted))
        return accepted

    async def _give_up_transfer(self, accepted: asyncio.Future[None]) -> None:
        await asyncio.wait([accepted], timeout=TRANSFER_S)
        if not accepted.done():
            self._call.fail_transfer(CallError(CallTrouble.REFUSED, "the other side did not answer"))

    async def _said(self) -> None:
        """Wait until what is being said has been heard, but not for ever."""
        for _ in range(int(LAST_WORD_S / LOOKED_S)):
            if self._call.connection is None or not self._call.connection.sounding:
                return
            await asyncio.sleep(LOOKED_S)

    async def send_keys(self, keys: str) -> None:
        """Have the other side hear tones."""
        self._require_connected()
        await self._order(self._switchboard.control.send_dtmf(self._call.call_id, self._call.caller, keys))

    async def start_recording(self) -> str:
        """Record; the recording's id, also of one that runs already."""
        call = self._call
        self._require_connected()
        if not call.recording_id:
            url = self._switchboard.addresses.callback(call)
            order = self._switchboard.control.start_recording(call.call_id, call.server_call_id, url)
            call.recording_id = await self._order(order)
        return call.recording_id

    async def stop_recording(self) -> None:
        """Record no longer; harmless when nothing is recorded."""
        recording_id, self._call.recording_id = self._call.recording_id, ""
        if recording_id:
            await self._order(self._switchboard.control.stop_recording(recording_id))

    def _require_connected(self) -> None:
        if self._call.state is not CallState.CONNECTED:
            raise CallError(CallTrouble.NOT_CONNECTED, "the call is not connected")
        if self._switchboard.network is None:
            raise CallError(CallTrouble.NOT_CONFIGURED, "there is no telephone network")

    async def _order(self, order: Coroutine[Any, Any, Any]) -> Any:
        try:
            return await order
        except CallAutomationError as error:
            log.warning("an order in a call was not taken: %s", error, extra={"call": self._call.call_id})
            raise _not_carried_out(error) from None


def _not_carried_out(error: CallAutomationError) -> CallError:
    """What an order that was not taken means to whoever gave it."""
    trouble, text = _MEANING[error.trouble]
    return CallError(trouble, text, cause=error.detail, retry_after_s=error.retry_after_s)


_WRONG_STATE = (CallTrouble.NOT_CONNECTED, "the call is not in a state for that")
_NO_ORDER = (CallTrouble.UNAVAILABLE, "the telephone network took no order")
_MEANING = {
    Trouble.NOT_FOUND: _WRONG_STATE,
    Trouble.CONFLICT: _WRONG_STATE,
    Trouble.REJECTED: (CallTrouble.REFUSED, "the telephone network refused"),
    Trouble.UNAUTHORIZED: (CallTrouble.UNAUTHORIZED, "the telephone network does not let us do that"),
    Trouble.UNAVAILABLE: _NO_ORDER,
    Trouble.THROTTLED: _NO_ORDER,
}
