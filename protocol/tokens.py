"""Tokens with which browsers are let in: the request for one, and the answer."""

from typing import Annotated

import msgspec

SESSION_ID_PATTERN = r"^[A-Za-z0-9._:-]{0,128}\Z"
DEFAULT_TTL_S = 300


class TokenRequest(msgspec.Struct, frozen=True):
    """Body of POST /realtime/token. Empty or absent: a session of its own, the default agent."""

    session_id: Annotated[str, msgspec.Meta(pattern=SESSION_ID_PATTERN)] | None = None
    agent: str | None = None
    ttl_s: Annotated[int, msgspec.Meta(ge=10, le=3_600)] = DEFAULT_TTL_S


class TokenIssued(msgspec.Struct, frozen=True, kw_only=True):
    """A token for the browser's WebSockets and REST, until `expires_at` (ISO 8601)."""

    token: str
    expires_at: str
    session_id: str
    agent: str
