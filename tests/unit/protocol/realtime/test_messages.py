"""Messages that are nested: what becomes of a response, of a call of a tool, of an error."""

from typing import Any

import msgspec
import pytest

from protocol.realtime import events, messages
from protocol.realtime.failure_kinds import FailureKind


def done(**response: Any) -> events.ResponseDone:
    message = msgspec.convert({"response": {"id": "resp_1", **response}}, messages.ResponseDone)
    return message.event()


def test_a_response_that_is_complete() -> None:
    usage = {"total_tokens": 253, "input_tokens": 132, "output_tokens": 121, "input_token_details": {}}
    event = done(status="completed", status_details=None, usage=usage)
    assert event == events.ResponseDone(
        response_id="resp_1", status="completed", usage=events.Usage(input_tokens=132, output_tokens=121)
    )


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("cancelled", "client_cancelled"),
        ("cancelled", "turn_detected"),
        ("incomplete", "max_output_tokens"),
        ("incomplete", "content_filter"),
    ],
)
def test_a_response_that_was_not_finished(status: str, reason: str) -> None:
    event = done(status=status, status_details={"type": status, "reason": reason}, usage=None)
    assert (event.status, event.reason, event.failure) == (status, reason, None)


def test_a_response_that_failed_says_why() -> None:
    error = {"type": "invalid_request_error", "code": "rate_limit_exceeded", "message": "..."}
    event = done(status="failed", status_details={"type": "failed", "error": error})
    assert event.failure == events.Failure(kind=FailureKind.RATE_LIMITED, code="rate_limit_exceeded")


def test_a_response_that_failed_for_no_reason_may_succeed_on_a_new_connection() -> None:
    assert done(status="failed", status_details=None).failure == events.Failure(kind=FailureKind.TRANSIENT)


@pytest.mark.parametrize(
    "item",
    [
        {"type": "message", "id": "item_1", "status": "completed"},
        {"type": "function_call", "id": "i", "status": "incomplete", "call_id": "c", "name": "f", "arguments": '{"a'},
        {"type": "function_call", "id": "i", "status": "completed", "call_id": None, "name": "f"},
        {"type": "function_call", "id": "i", "status": "completed", "call_id": "c", "name": None},
    ],
)
def test_what_is_no_call_of_a_tool(item: dict[str, Any]) -> None:
    message = msgspec.convert({"response_id": "resp_1", "item": item}, messages.OutputItemDone)
    assert message.event() == events.Ignored("response.output_item.done")


def test_a_call_without_arguments_has_none() -> None:
    item = {"type": "function_call", "call_id": "c", "name": "f", "arguments": ""}
    event = msgspec.convert({"response_id": "resp_1", "item": item}, messages.OutputItemDone).event()
    assert isinstance(event, events.FunctionCalled)
    assert event.arguments == "{}"


def test_an_error_keeps_identifiers_and_no_texts() -> None:
    error = {"type": None, "code": "what you said was: hello", "param": "x" * 100, "message": "hello"}
    event = msgspec.convert({"error": error}, messages.Error).event()
    assert event.failure == events.Failure(kind=FailureKind.REFUSED)


def test_a_negative_time_to_reset_is_now() -> None:
    limit = {"name": "tokens", "limit": None, "remaining": 3.0, "reset_seconds": -0.5}
    event = msgspec.convert({"rate_limits": [limit]}, messages.RateLimitsUpdated).event()
    assert event.rate_limits == (events.RateLimit(name="tokens", remaining=3),)
