"""What a tool may do with the telephone call that it is used in."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Protocol

from actors.errors import ActorsError


class CallTrouble(StrEnum):
    """Why an order to the telephone network was not carried out."""

    REFUSED = "refused"  # the network says no: a wrong number, a busy line, nobody there
    NOT_CONNECTED = "not_connected"  # the call is over, or not answered yet
    GONE = "gone"  # the network knows no such call, recording or participant any more
    NOT_CONFIGURED = "not_configured"
    UNAVAILABLE = "unavailable"  # the network does not answer; it may have been done
    UNAUTHORIZED = "unauthorized"  # the network refuses our key, or we lack a permission: an operator has to mend that


class CallError(ActorsError):
    """An order to the telephone network was not carried out. The text may be shown to a model; it names no number.

    `cause`: what the network said, for operators; `retry_after_s`: in how many seconds it wants to be asked again.
    """

    def __init__(
        self, trouble: CallTrouble, detail: str, *, cause: str = "", retry_after_s: float | None = None
    ) -> None:
        super().__init__(detail)
        self.trouble = trouble
        self.cause = cause
        self.retry_after_s = retry_after_s


class CallControls(Protocol):
    """What a tool may do with the call it is made in. Every method raises `CallError`."""

    @property
    def call_id(self) -> str:
        """The name by which the telephone network knows the call."""
        ...

    @property
    def context(self) -> Mapping[str, Any]:
        """What the system that placed the call said about it, such as an order number; empty for an incoming call."""
        ...

    async def transfer(self, target: str = "") -> None:
        """Put the caller through to `target` (E.164; by default where the operator wants callers handed to).

        Returns when the other side has accepted: the call is theirs then.
        """
        ...

    async def transfer_with_briefing(self, briefing: str, target: str = "") -> None:
        """Call `target`, tell them `briefing`, and put them on the caller's line if they take the call.

        `target` as in `transfer`. Returns when both are on one line: then the agent is to say a last word and leave.
        It takes two minutes at most.
        """
        ...

    async def send_keys(self, keys: str) -> None:
        """Send the tones of `keys`, each one of 0-9 * # A-D, to the other side of the call."""
        ...

    async def hold(self) -> None:
        """Put the caller on hold, so that they hear and say nothing. Returns when the network has done it."""
        ...

    async def unhold(self) -> None:
        """Take the caller off hold. Returns when the network has done it."""
        ...

    async def start_recording(self) -> str:
        """Begin to record the call, and return the id of the recording."""
        ...

    async def stop_recording(self) -> None:
        """Stop the recording of the call. Harmless when nothing is recorded."""
        ...
