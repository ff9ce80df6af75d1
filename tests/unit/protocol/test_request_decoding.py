"""What is wrong with a body or a query is named, and nothing of what the client sent is repeated."""

from http import HTTPStatus

import msgspec
import pytest

from protocol.agents import ModelChange
from protocol.calls import (
    CallList,
    CallsQuery,
    CallState,
    CallStatus,
    InitiateCall,
    MediaSessionRequest,
    TerminateCall,
    TransferCall,
)
from protocol.problems import FieldError
from protocol.request_decoding import RequestError, decode_body, decode_query
from protocol.tokens import SESSION_ID_EXPECTED, TokenRequest

E164 = "expected a phone number in E.164 format, like +12025550123"
TARGET = f"{E164}, or an id such as 8:acs:..., 8:orgid:... or 28:..."


@pytest.mark.parametrize(
    ("expected", "body", "error"),
    [
        (InitiateCall, "{}", FieldError("target_number", "required", "required")),
        (InitiateCall, '{"target_number":"12345"}', FieldError("target_number", E164, "pattern")),
        (InitiateCall, '{"target_number":"+1234567890\\n"}', FieldError("target_number", E164, "pattern")),
        (InitiateCall, '{"target_number":"+12","caller_id":"anonymous"}', FieldError("caller_id", E164, "pattern")),
        (InitiateCall, '{"target_number":12345}', FieldError("target_number", "expected str, got int", "type")),
        (
            InitiateCall,
            '{"target_number":"+12","streaming_mode":"4711"}',
            FieldError("streaming_mode", "expected one of media, voice_live, transcription", "enum"),
        ),
        (
            InitiateCall,
            '{"target_number":"+12","context":[]}',
            FieldError("context", "expected object | null, got array", "type"),
        ),
        (InitiateCall, "[]", FieldError("body", "expected object, got array", "type")),
        (TokenRequest, '{"session_id":"../s1"}', FieldError("session_id", SESSION_ID_EXPECTED, "pattern")),
        (
            ModelChange,
            '{"deployment_id":"a\\u0000"}',
            FieldError("deployment_id", "it holds characters that are not allowed", "pattern"),
        ),
        (TransferCall, '{"target":"4:+12"}', FieldError("target", TARGET, "pattern")),
        (TransferCall, '{"target":"+1٢٣٤"}', FieldError("target", TARGET, "pattern")),
        (TerminateCall, '{"call_id":""}', FieldError("call_id", "expected str of length >= 1", "length")),
        (
            MediaSessionRequest,
            '{"call_connection_id":"c1","sample_rate":8000}',
            FieldError("sample_rate", "expected one of 16000, 24000", "enum"),
        ),
        (
            MediaSessionRequest,
            '{"call_connection_id":"c1","audio_format":"4711"}',
            FieldError("audio_format", "expected one of pcm_16", "enum"),
        ),
        (
            MediaSessionRequest,
            '{"call_connection_id":"c1","chunk_size":0}',
            FieldError("chunk_size", "expected int >= 2", "range"),
        ),
        (CallList, '{"calls":[{"call_id":"c1"}]}', FieldError("calls[0].status", "required", "required")),
        (
            CallStatus,
            '{"call_id":"c1","status":"connected","duration":1,"events":[7]}',
            FieldError("events[0]", "expected object, got int", "type"),
        ),
        (
            CallStatus,
            '{"call_id":"c1","status":"odd","duration":1}',
            FieldError("status", "not one of its values", "enum"),
        ),
    ],
)
def test_what_is_wrong_with_a_body_is_named(expected: type[msgspec.Struct], body: str, error: FieldError) -> None:
    with pytest.raises(RequestError) as raised:
        decode_body(body.encode(), expected)
    assert raised.value.errors == (error,)
    assert raised.value.status is HTTPStatus.UNPROCESSABLE_ENTITY
    assert str(raised.value) == f"{error.field}: {error.message}"


@pytest.mark.parametrize("body", [b"", b"{", b'{"call_id":"\xff"}', b'{"call_id":"c1"} x', b'{"x":' + b"[" * 100_000])
def test_a_body_that_is_no_json_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(RequestError) as raised:
        decode_body(body, TerminateCall)
    (error,) = raised.value.errors
    assert (error.field, error.code, raised.value.status) == ("body", "json", HTTPStatus.BAD_REQUEST)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, CallsQuery(1, 10, None)),
        ({"page": "3", "limit": "100", "status_filter": "on_hold"}, CallsQuery(3, 100, CallState.ON_HOLD)),
        ({"page": "", "limit": "", "status_filter": "", "more": "1"}, CallsQuery()),
        ({"page": "1000000", "limit": "1"}, CallsQuery(1_000_000, 1)),
    ],
)
def test_a_query_is_understood(query: dict[str, str], expected: CallsQuery) -> None:
    assert decode_query(query) == expected


@pytest.mark.parametrize("state", CallState)
def test_every_state_can_be_asked_for(state: CallState) -> None:
    assert decode_query({"status_filter": state.value}).status_filter is state


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("page", "0", "range"),
        ("page", "-1", "range"),
        ("page", "1000001", "range"),
        ("page", "9" * 5_000, "range"),
        ("page", "two", "type"),
        ("page", "1.5", "type"),
        ("page", "٣", "type"),
        ("page", " 1", "type"),
        ("limit", "0", "range"),
        ("limit", "101", "range"),
        ("limit", "1e1", "type"),
        ("status_filter", "CONNECTED", "enum"),
    ],
)
def test_a_wrong_parameter_is_named(name: str, text: str, code: str) -> None:
    with pytest.raises(RequestError) as raised:
        decode_query({name: text})
    assert [(error.field, error.code) for error in raised.value.errors] == [(name, code)]


def test_all_wrong_parameters_are_named_at_once() -> None:
    with pytest.raises(RequestError) as raised:
        decode_query({"page": "0", "limit": "x", "status_filter": "odd"})
    assert [error.field for error in raised.value.errors] == ["page", "limit", "status_filter"]
    assert str(raised.value).startswith("page: expected 1 to 1000000; limit: expected a whole number; status_filter: ")


def test_a_body_may_begin_with_a_byte_order_mark() -> None:
    assert decode_body(b'\xef\xbb\xbf{"call_id":"c1"}', TerminateCall) == TerminateCall("c1")
