"""Errors of the services, each with what can be done about it."""

import pytest

from protocol.realtime.failure_kinds import FailureKind, close_kind, error_kind, refusal_kind


@pytest.mark.parametrize(
    ("error_type", "code", "message", "kind"),
    [
        ("invalid_request_error", "response_cancel_not_active", "", FailureKind.HARMLESS),
        ("invalid_request_error", "conversation_already_has_active_response", "", FailureKind.HARMLESS),
        ("invalid_request_error", "input_audio_buffer_commit_empty", "", FailureKind.HARMLESS),
        ("invalid_request_error", "item_create_duplicate_item_id", "", FailureKind.HARMLESS),
        ("invalid_request_error", "item_retrieve_invalid_item_id", "", FailureKind.HARMLESS),
        ("invalid_request_error", "item_already_truncated", "", FailureKind.HARMLESS),
        (
            "invalid_request_error",
            "",
            "Audio content of 1240ms is already shorter than 1325ms",
            FailureKind.HARMLESS,
        ),
        ("invalid_request_error", "invalid_value", "", FailureKind.REFUSED),
        ("invalid_request_error", "unknown_parameter", "", FailureKind.REFUSED),
        ("something new", "", "", FailureKind.REFUSED),
        ("", "", "", FailureKind.REFUSED),
        ("invalid_request_error", "session_expired", "", FailureKind.EXPIRED),
        ("session_expired", "", "", FailureKind.EXPIRED),
        ("invalid_request_error", "context_length_exceeded", "", FailureKind.TOO_LONG),
        ("server_error", "", "", FailureKind.TRANSIENT),
        ("", "server_error", "", FailureKind.TRANSIENT),
        ("rate_limit_exceeded", "", "", FailureKind.RATE_LIMITED),
        ("requests", "rate_limit_exceeded", "", FailureKind.RATE_LIMITED),
        ("insufficient_quota", "insufficient_quota", "", FailureKind.FATAL),
        ("", "credit_balance_exhausted", "", FailureKind.FATAL),
        ("", "billing_hard_limit_reached", "", FailureKind.FATAL),
        ("invalid_request_error", "invalid_api_key", "", FailureKind.FATAL),
        ("", "account_deactivated", "", FailureKind.FATAL),
        ("invalid_request_error", "model_not_found", "", FailureKind.FATAL),
    ],
)
def test_what_an_error_asks(error_type: str, code: str, message: str, kind: FailureKind) -> None:
    assert error_kind(error_type, code, message) is kind


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, FailureKind.FATAL),
        (401, FailureKind.FATAL),
        (403, FailureKind.FATAL),
        (404, FailureKind.FATAL),
        (408, FailureKind.TRANSIENT),
        (429, FailureKind.RATE_LIMITED),
        (500, FailureKind.TRANSIENT),
        (503, FailureKind.TRANSIENT),
        (200, FailureKind.TRANSIENT),
    ],
)
def test_what_a_refused_connection_asks(status: int, kind: FailureKind) -> None:
    assert refusal_kind(status) is kind


@pytest.mark.parametrize("code", [None, 1000, 1001, 1006, 1011, 1012, 1013])
def test_a_closed_connection_asks_for_another(code: int | None) -> None:
    assert close_kind(code) is FailureKind.TRANSIENT


@pytest.mark.parametrize("code", [1002, 1003, 1007, 1008, 1009, 3000])
def test_one_closed_for_what_we_sent_asks_for_another_engine(code: int) -> None:
    assert close_kind(code) is FailureKind.FATAL
