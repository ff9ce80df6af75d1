"""What the SDK's reasons for a cancellation mean to us."""

import re

import msgspec

from actors.errors import ErrorKind

KINDS = {
    "AuthenticationFailure": ErrorKind.AUTHENTICATION,
    "BadRequest": ErrorKind.BAD_REQUEST,
    "TooManyRequests": ErrorKind.THROTTLED,
    # Not what 403 means in HTTP: the quota of a free resource is spent.
    "Forbidden": ErrorKind.AUTHENTICATION,
    "ConnectionFailure": ErrorKind.UNAVAILABLE,
    "ServiceTimeout": ErrorKind.TIMEOUT,
    "ServiceError": ErrorKind.UNAVAILABLE,
    "ServiceUnavailable": ErrorKind.UNAVAILABLE,
    "RuntimeError": ErrorKind.INTERNAL,
}
"""The kind of error, by the name of the SDK's `CancellationErrorCode`."""

STATUS = re.compile(r"\b(?:status code|error code|HTTP status|websocket error):? ?\(?(\d{3,4})\b", re.IGNORECASE)


class Failure(msgspec.Struct, frozen=True):
    """Why something failed: for the port, and for operators."""

    kind: ErrorKind
    detail: str


def failure(code: str, text: str, proof: str) -> Failure:
    """Of a cancellation with error `code` and the SDK's `text`, of which only a status number is passed on.

    `proof` is what a refusal points to.
    """
    kind = KINDS.get(code, ErrorKind.INTERNAL)
    found = STATUS.search(text)
    number = f" ({found[1]})" if found else ""
    if kind is ErrorKind.AUTHENTICATION:
        return Failure(kind, f"Azure Speech refuses us{number}: check {proof}")
    return Failure(kind, f"Azure Speech: {code}{number}")
