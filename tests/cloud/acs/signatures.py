"""Access-key signatures as the service checks them."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

CLOCK_SKEW_S = 300
SIGNED_HEADERS = "x-ms-date;host;x-ms-content-sha256"
AUTHORIZATION = re.compile(r"HMAC-SHA256 SignedHeaders=([^&]+)&Signature=(.+)")


def signature(key: str, method: str, target: str, date: str, host: str, content_hash: str) -> str:
    """The signature of a request; `target` is path and query as on the wire, `key` base64."""
    signed = f"{method}\n{target}\n{date};{host};{content_hash}"
    return base64.b64encode(hmac.digest(base64.b64decode(key), signed.encode(), "sha256")).decode()


def check_signature(key: str, method: str, target: str, headers: Mapping[str, str], body: bytes) -> None:
    """Raise ValueError, which says why, unless the request is signed with `key`."""
    given = AUTHORIZATION.fullmatch(headers.get("Authorization", ""))
    if given is None or given[1] != SIGNED_HEADERS:
        raise ValueError("the Authorization header is not an HMAC-SHA256 signature")
    date, content_hash = headers.get("x-ms-date", ""), headers.get("x-ms-content-sha256", "")
    try:
        age_s = (datetime.now(UTC) - parsedate_to_datetime(date)).total_seconds()
    except (ValueError, TypeError):
        raise ValueError("x-ms-date is no date") from None
    if abs(age_s) > CLOCK_SKEW_S:
        raise ValueError("x-ms-date is too far from now")
    if content_hash != base64.b64encode(hashlib.sha256(body).digest()).decode():
        raise ValueError("x-ms-content-sha256 is not the hash of the body")
    expected = signature(key, method, target, date, headers.get("Host", ""), content_hash)
    if not hmac.compare_digest(expected.encode(), given[2].encode()):
        raise ValueError("the signature is wrong")
