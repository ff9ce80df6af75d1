"""Tokens with which browsers are let in: the request for one, and the answer."""

from typing import Annotated, Any

import msgspec

SESSION_ID_PATTERN = r"^[A-Za-z0-9._:-]{0,128}\Z"
SESSION_ID_EXPECTED = "expected at most 128 letters, digits and . _ : -"
DEFAULT_TTL_S = 300


class TokenRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Body of POST /realtime/token. Empty or absent: a session of its own, the default agent.

    `context` is for the agent, as that of a call: its variables, its model, its tools and `on_session` have it;
    `caller_name` is the user's name, `language` the one of the agent's languages that they speak. Operators only may
    give these three. They travel sealed in the token, and count when the session begins.
    """

    session_id: Annotated[str, msgspec.Meta(pattern=SESSION_ID_PATTERN)] | None = None
    agent: str | None = None
    ttl_s: Annotated[int, msgspec.Meta(ge=10, le=3_600)] = DEFAULT_TTL_S
    context: dict[str, Any] | None = None
    caller_name: Annotated[str, msgspec.Meta(max_length=128)] | None = None
    language: Annotated[str, msgspec.Meta(max_length=35)] | None = None


class TokenIssued(msgspec.Struct, frozen=True, kw_only=True):
    """A token for the browser's WebSockets and REST, until `expires_at` (ISO 8601)."""

    token: str
    expires_at: str
    session_id: str
    agent: str
