"""What the errors of a Realtime service mean: not their texts, but what can be done about them.

A service names an error by its type, its code or both, and the same word stands now here, now there: so both are
looked at. Whatever is unknown leaves the session alive, as the services' documentation promises of most errors.
"""

import re
from enum import StrEnum


class FailureKind(StrEnum):
    """What a failure of a Realtime service asks of its client."""

    HARMLESS = "harmless"
    """Nothing: what was ordered was already so, or was not possible any more."""
    REFUSED = "refused"
    """A message of ours is wrong: it changed nothing, and the session goes on."""
    RATE_LIMITED = "rate_limited"
    """Patience: the same may succeed later."""
    TOO_LONG = "too_long"
    """Less to read: a new session, which is told the conversation as text."""
    EXPIRED = "expired"
    """A new session: this one has lasted as long as sessions may."""
    TRANSIENT = "transient"
    """A new connection: the service has failed."""
    FATAL = "fatal"
    """Another engine: no connection of these settings will be better."""


HARMLESS_CODES = frozenset(
    {
        "response_cancel_not_active",
        "conversation_already_has_active_response",
        "input_audio_buffer_commit_empty",
        "item_create_duplicate_item_id",
        "item_retrieve_invalid_item_id",
        "item_already_truncated",
    }
)
RATE_CODES = frozenset({"rate_limit_exceeded", "rate_limit_error", "too_many_requests"})
TOO_LONG_CODES = frozenset({"context_length_exceeded", "string_above_max_length"})
EXPIRED_CODES = frozenset({"session_expired"})
TRANSIENT_CODES = frozenset({"server_error", "internal_error", "internal_server_error", "service_unavailable"})
FATAL_CODES = frozenset(
    {
        "insufficient_quota",
        "credit_balance_exhausted",
        "billing_hard_limit_reached",
        "invalid_api_key",
        "authentication_error",
        "permission_error",
        "account_deactivated",
        "model_not_found",
        "deployment_not_found",
        "unsupported_model",
    }
)
TRUNCATED_TOO_LATE = re.compile(r"Audio content of \d+ ?ms is already shorter than \d+ ?ms")
"""The one harmless error that has no code; the figures are all that stands in it."""

FATAL_CLOSE_CODES = frozenset({1002, 1003, 1007, 1008, 1009, 1010, 3000})
"""Closed because of what we sent, or of who we are: the next connection would end alike."""


def error_kind(error_type: str, code: str, message: str = "") -> FailureKind:
    """What an `error` event, or the error of a failed response, asks of the client."""
    words = {error_type.lower(), code.lower()}
    by_words = {
        FailureKind.HARMLESS: HARMLESS_CODES,
        FailureKind.FATAL: FATAL_CODES,
        FailureKind.TOO_LONG: TOO_LONG_CODES,
        FailureKind.EXPIRED: EXPIRED_CODES,
        FailureKind.RATE_LIMITED: RATE_CODES,
        FailureKind.TRANSIENT: TRANSIENT_CODES,
    }
    for kind, known in by_words.items():
        if words & known:
            return kind
    if TRUNCATED_TOO_LATE.search(message):
        return FailureKind.HARMLESS
    return FailureKind.REFUSED


def refusal_kind(status: int) -> FailureKind:
    """What an HTTP status other than 101, in answer to the request for a connection, asks of the client."""
    if status == 429:
        return FailureKind.RATE_LIMITED
    return FailureKind.FATAL if 400 <= status < 500 and status != 408 else FailureKind.TRANSIENT


def close_kind(code: int | None) -> FailureKind:
    """What the code with which the service closed the connection asks; None where it broke without any."""
    return FailureKind.FATAL if code in FATAL_CLOSE_CODES else FailureKind.TRANSIENT
