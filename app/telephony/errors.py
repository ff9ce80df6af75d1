"""What goes wrong with calls:

TelephonyError
├── NotConfiguredError       there is no telephone network, or not all that is needed of it
├── NoCapacityError          there is no room for another call
├── CallControlError         the telephone network did not take an order
└── UnsupportedRateError     audio of this sample rate cannot be converted here
"""

from enum import StrEnum

from app.errors import AppError


class TelephonyError(AppError):
    """The base of all errors of this package."""


class NotConfiguredError(TelephonyError):
    """There is no telephone network, or not all that is needed of it; the text names the variable."""


class NoCapacityError(TelephonyError):
    """There is no capacity left for another call: the caller is told that the number is busy."""


class Trouble(StrEnum):
    """Why an order was not taken; decides what is done next."""

    NOT_FOUND = "not_found"  # the network itself says that the call, the recording or the participant is gone
    CONFLICT = "conflict"  # not in this state of the call: not connected yet, answered before, streaming already
    THROTTLED = "throttled"
    UNAUTHORIZED = "unauthorized"  # our key or identity is not accepted: the same request will fail again
    UNAVAILABLE = "unavailable"  # no answer, or none that can be used; it may have been done
    REJECTED = "rejected"  # the request is at fault: the same one will fail again


class CallControlError(TelephonyError):
    """An order was not taken. The text is for operators: it never carries a number, an identity or a token.

    `status` is that of the HTTP answer, 0 for none; `code` the network's own, empty where it gave none;
    `retry_after_s` what the network asked for.
    """

    def __init__(
        self, trouble: Trouble, detail: str, *, status: int = 0, code: str = "", retry_after_s: float | None = None
    ) -> None:
        super().__init__(f"{trouble.value}: {detail}")
        self.trouble = trouble
        self.detail = detail
        self.status = status
        self.code = code
        self.retry_after_s = retry_after_s

    @property
    def retryable(self) -> bool:
        """True when the same order may be taken later."""
        return self.trouble in (Trouble.THROTTLED, Trouble.UNAVAILABLE)


class UnsupportedRateError(TelephonyError):
    """Audio of this sample rate cannot be converted to the rate of recognizers; the text names what is missing."""
