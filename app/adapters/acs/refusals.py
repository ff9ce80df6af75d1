"""What the SDK's exceptions mean. Of their texts nothing is taken over: the service repeats numbers in them."""

import email.utils
import re
import time
from collections.abc import Mapping

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

from app.adapters.acs.port import CallAutomationError, Trouble

_TROUBLE = {
    401: Trouble.UNAUTHORIZED,
    403: Trouble.UNAUTHORIZED,
    404: Trouble.NOT_FOUND,
    408: Trouble.UNAVAILABLE,
    409: Trouble.CONFLICT,
    410: Trouble.NOT_FOUND,
    412: Trouble.CONFLICT,
    429: Trouble.THROTTLED,
}
_CODE = re.compile(r"[A-Za-z][A-Za-z_.]{0,63}|[0-9]{1,6}")
"""An error code as the service has them; no number of a telephone looks like one."""
_SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,3})?")


def understood(operation: str, error: AzureError | ValueError) -> CallAutomationError:
    """The error of the port for one of the SDK's; it raises ValueError for an answer that it cannot read."""
    match error:
        case HttpResponseError(status_code=int(status)):
            return _refused(operation, error, status)
        case ClientAuthenticationError():
            return CallAutomationError(Trouble.UNAUTHORIZED, f"{operation}: there is no identity to ask with")
        case _:
            return CallAutomationError(Trouble.UNAVAILABLE, f"{operation}: {type(error).__name__}")


def _refused(operation: str, error: HttpResponseError, status: int) -> CallAutomationError:
    trouble = _TROUBLE.get(status, Trouble.REJECTED if 400 <= status < 500 else Trouble.UNAVAILABLE)
    code = str(getattr(error.error, "code", None) or "")
    headers: Mapping[str, str] = getattr(error.response, "headers", None) or {}
    detail = f"{operation}: status {status}" + (f", code {code}" if _CODE.fullmatch(code) else "")
    return CallAutomationError(trouble, detail, status=status, retry_after_s=retry_after_s(headers))


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds from now: the header has them, or a time of day (RFC 9110); None for neither."""
    text = headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None
