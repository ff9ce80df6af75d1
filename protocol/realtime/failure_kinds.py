"""What the errors of a Realtime service mean: not their texts, but what can be done about them.

A service names an error by its type, its code or both, and the same word stands now here, now there: so both are
looked at. Whatever is unknown leaves the session alive, as the services' documentation promises of most errors.
"""

import re
from enum import StrEnum


class FailureKind(StrEnum):
    """What a failure of a Realtime service asks of its client."""

    HARMLESS = "harmless"
    """Nothing is to be done: what was ordered had been done already, or was no longer possible."""
    REFUSED = "refused"
    """One of our messages was wrong and changed nothing; the session goes on."""
    RATE_LIMITED = "rate_limited"
    """Wait: the same request may succeed later."""
    TOO_LONG = "too_long"
    """The context is too long: open another session and give it the conversation as text."""
    EXPIRED = "expired"
    """Open another session: this one has reached the longest time that a session may last."""
    TRANSIENT = "transient"
    """Connect again: the service has failed."""
    FATAL = "fatal"
    """Use another engine: with these settings no connection will succeed."""


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
"""The text of the one harmless error that has no code; it holds nothing but figures that vary."""

FATAL_CLOSE_CODES = frozenset({1002, 1003, 1007, 1008, 1009, 1010, 3000})
"""Close codes that blame what we sent or who we are, so that another connection would be closed as well."""


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
