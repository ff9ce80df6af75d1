"""What the service's refusals mean: by its own code where it gives one, else by the HTTP status.

The service repeats numbers and identities in its texts; what is taken over of them is masked.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

from app.providers.retry_after import retry_after_s
from app.telephony.errors import CallControlError, Trouble

_TROUBLE = {
    401: Trouble.UNAUTHORIZED,
    403: Trouble.UNAUTHORIZED,
    # Without a code of the service's own it comes from a gateway, which does not know whether there is such a call.
    404: Trouble.UNAVAILABLE,
    408: Trouble.UNAVAILABLE,
    409: Trouble.CONFLICT,
    410: Trouble.UNAVAILABLE,
    412: Trouble.CONFLICT,
    429: Trouble.THROTTLED,
}
_GONE = {("404", "8522"), ("404", "8543"), ("404", "8528"), ("400", "8528"), ("410", "8522"), ("410", "8528")}
"""The HTTP status and error code by which the service says that a call, recording or participant no longer exists."""
_WRONG_STATE = {"8500", "8501", "8519", "8553", "8559", "8571", "8583", "8585", "8607"}
"""The error codes of orders that are not possible in the call's present state, but may be later."""
_CODE = re.compile(r"[A-Za-z][A-Za-z_.]{0,63}|[0-9]{1,6}")
"""Matches an error code of the service, and no telephone number."""
_MASKED = (
    (re.compile(r"\b(?:https?|wss?|sips?):\S+", re.IGNORECASE), "[address]"),
    (re.compile(r"\b(?:4|8|28|48):[^\s'\",;)]+"), "[identity]"),
    (re.compile(r"[^\s'\",;()<>]+@[^\s'\",;()<>]+"), "[identity]"),
    (re.compile(r"\+?\d[\d\s().-]{4,}\d"), "[number]"),
    (re.compile(r"[A-Za-z0-9_=+/.-]{32,}"), "[...]"),
)
"""What is removed from a text before anybody is shown it, and what replaces it."""
MOST_CHARS = 200
MILLISECONDS = ("retry-after-ms", "x-ms-retry-after-ms")
"""Headers that say when to ask again, in milliseconds."""


def understood(operation: str, error: AzureError | ValueError) -> CallControlError:
    """The error of the port for one of the SDK's; it raises ValueError for an answer that it cannot read."""
    match error:
        case HttpResponseError(status_code=int(status)):
            return _refused(operation, error, status)
        case ClientAuthenticationError():
            return CallControlError(Trouble.UNAUTHORIZED, f"{operation}: there is no identity to ask with")
        case _:
            return CallControlError(Trouble.UNAVAILABLE, f"{operation}: {type(error).__name__}")


def _refused(operation: str, error: HttpResponseError, status: int) -> CallControlError:
    code, text = _said(error)
    headers: Mapping[str, str] = getattr(error.response, "headers", None) or {}
    detail = f"{operation}: status {status}" + (f", code {code}" if code else "") + (f", {text!r}" if text else "")
    return CallControlError(
        _trouble(status, code), detail, status=status, code=code, retry_after_s=retry_after_s(headers, MILLISECONDS)
    )


def _trouble(status: int, code: str) -> Trouble:
    if (str(status), code) in _GONE:
        return Trouble.NOT_FOUND
    if 400 <= status < 500 and code in _WRONG_STATE:
        return Trouble.CONFLICT
    return _TROUBLE.get(status, Trouble.REJECTED if 400 <= status < 500 else Trouble.UNAVAILABLE)


def _said(error: HttpResponseError) -> tuple[str, str]:
    """Code and masked text of an answer, empty where there is none: `{"error": {"code", "message"}}` in any case, or a
    plain `{"Message"}`.
    """
    try:
        body = _lower(json.loads(error.response.text()))  # type: ignore[union-attr]
    except Exception:  # noqa: BLE001 - whatever cannot be read of a body says nothing
        return "", ""
    said = body.get("error", body)
    if not isinstance(said, dict):
        return "", ""
    said = _lower(said)
    message = said.get("message")
    return _code(said), masked(message) if isinstance(message, str) else ""


def _code(said: Any) -> str:
    """The innermost code of an error that is one, or that of its only detail: it says more than a word like Forbidden
    around it.
    """
    innermost = ""
    while isinstance(said, dict):
        said = _lower(said)
        code = said.get("code")
        shown = str(code) if isinstance(code, str | int) and not isinstance(code, bool) else ""
        innermost = shown if _CODE.fullmatch(shown) else innermost
        details = said.get("details")
        only = details[0] if isinstance(details, list) and len(details) == 1 else None
        said = said.get("innererror") or only
    return innermost


def _lower(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return {str(key).lower(): inner for key, inner in value.items()}


def masked(text: str) -> str:
    """A text of the service's without addresses, identities, numbers and tokens, and no longer than `MOST_CHARS`."""
    for pattern, instead in _MASKED:
        text = pattern.sub(instead, text)
    return " ".join(text.split())[:MOST_CHARS]
