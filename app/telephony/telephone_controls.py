"""What the tools of a session may do with its telephone call."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from actors.ports.call_controls import CallError, CallTrouble
from app.telephony.call import Call
from app.telephony.call_orders import CallOrders
from app.telephony.switchboard import Switchboard
from app.telephony.transfer.warm_transfer import WarmTransfer
from protocol.phone_numbers import is_call_target, is_e164


class TelephoneControls(CallOrders):
    """Implements `actors.ports.call_controls.CallControls` for one call.

    `handoff`: where callers go who want a person. `transfer_targets`: tells where else tools may put them through to
    now, see `Agent.transfer_targets`; operators, who use `CallOrders`, may choose any number. `warm`: how the person is
    asked before.
    """

    def __init__(
        self,
        switchboard: Switchboard,
        call: Call,
        handoff: str,
        transfer_targets: Callable[[], Sequence[str]] = tuple,
        warm: WarmTransfer | None = None,
    ) -> None:
        super().__init__(switchboard, call)
        self._warm = warm
        self._handoff = handoff
        self._transfer_targets = transfer_targets

    @property
    def call_id(self) -> str:
        """The id by which the telephone network knows this call."""
        return self._call.call_id

    @property
    def context(self) -> Mapping[str, Any]:
        """What whoever placed the call said about it."""
        return self._call.about.context

    async def transfer(self, target: str = "") -> None:
        """See `CallControls`. A number that is not among the targets is refused, so that nobody can have it dialled."""
        await super().transfer(self._allowed(target))

    async def transfer_with_briefing(self, briefing: str, target: str = "") -> None:
        """See `CallControls`. Where callers may be put through to is the same."""
        number = self._allowed(target)
        if self._warm is None:
            raise CallError(CallTrouble.NOT_CONFIGURED, "nobody can be asked before")
        await self._warm.put_through(number, briefing)

    def _allowed(self, target: str) -> str:
        """Where the caller is to be put through to, if they may be.

        Raises:
            CallError: they may not.
        """
        number = target or self._handoff
        if not number:
            raise CallError(CallTrouble.NOT_CONFIGURED, "there is nobody to put callers through to")
        if number != self._handoff and not is_transfer_target(number, self._transfer_targets()):
            raise CallError(
                CallTrouble.REFUSED,
                "callers may not be put through to that number; "
                + ("a member of staff can be reached" if self._handoff else "only the numbers set up for this agent"),
            )
        return number

    async def hold(self) -> None:
        """See `CallControls`. What the agent is saying is heard before."""
        await self._said()
        await super().hold()


def is_transfer_target(number: str, targets: Sequence[str]) -> bool:
    """Whether a number or an id is one of `targets`, or a number in E.164 begins as one of those that end in `*`."""
    if not is_e164(number):
        return is_call_target(number) and number in targets
    return any(number.startswith(target[:-1]) if target.endswith("*") else number == target for target in targets)
