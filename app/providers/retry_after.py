"""How long a service asks to be left alone, in the headers of a refusal."""

import email.utils
import re
import time
from collections.abc import Mapping, Sequence

_SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,3})?")


def retry_after_s(headers: Mapping[str, str], milliseconds: Sequence[str] = ("retry-after-ms",)) -> float | None:
    """Seconds from now; None if the headers do not say it, or in no form that can be read.

    Args:
        headers: of the refusal, found in any case.
        milliseconds: the headers in which the service says it in milliseconds. They count before `Retry-After`, which
            has seconds, or a time of day (RFC 9110).
    """
    for name in milliseconds:
        if _SECONDS.fullmatch(text := headers.get(name, "").strip()):
            return float(text) / 1_000
    text = headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
