"""The telephone line of a session, for its tools."""

from collections.abc import Mapping
from typing import Any

from actors.call_line import CallError, CallTrouble
from app.telephony.call import Call
from app.telephony.call_orders import CallOrders
from app.telephony.switchboard import Switchboard


class TelephoneLine(CallOrders):
    """Implements `actors.call_line.CallLine` for one call. `handoff`: where callers go who want a person."""

    def __init__(self, switchboard: Switchboard, call: Call, handoff: str) -> None:
        super().__init__(switchboard, call)
        self._handoff = handoff

    @property
    def call_id(self) -> str:
        """The call connection id of ACS."""
        return self._call.call_id

    @property
    def context(self) -> Mapping[str, Any]:
        """What whoever placed the call said about it."""
        return self._call.context

    async def transfer(self, target: str = "") -> None:
        """See `CallLine`."""
        number = target or self._handoff
        if not number:
            raise CallError(CallTrouble.NOT_CONFIGURED, "there is nobody to put callers through to")
        await super().transfer(number)
