"""How long a service asks to be left alone, in the headers of a refusal."""

import email.utils
import re
import time
from collections.abc import Mapping

_SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,3})?")


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds from now: in milliseconds, as Azure adds it, or as RFC 9110 has it; None if neither can be read."""
    milliseconds = headers.get("retry-after-ms", "").strip()
    if _SECONDS.fullmatch(milliseconds):
        return float(milliseconds) / 1000
    text = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
