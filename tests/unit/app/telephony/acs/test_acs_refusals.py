"""What the service's refusals mean, and that nothing of a person is in what is said of them."""

import json
from unittest.mock import Mock

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ServiceRequestError

from app.telephony.acs.refusals import MOST_CHARS, masked, understood
from app.telephony.errors import Trouble


def refused(status: int, body: object = None, **headers: str) -> HttpResponseError:
    response = Mock(status_code=status, headers={key.replace("_", "-"): value for key, value in headers.items()})
    response.text.return_value = body if isinstance(body, str) else json.dumps(body)
    return HttpResponseError(response=response)


@pytest.mark.parametrize(
    ("status", "code", "trouble"),
    [
        (404, "8522", Trouble.NOT_FOUND),
        (404, "", Trouble.UNAVAILABLE),
        (400, "8528", Trouble.NOT_FOUND),
        (400, "8501", Trouble.CONFLICT),
        (400, "", Trouble.REJECTED),
        (401, "", Trouble.UNAUTHORIZED),
        (409, "", Trouble.CONFLICT),
        (429, "", Trouble.THROTTLED),
        (500, "8501", Trouble.UNAVAILABLE),
        (503, "", Trouble.UNAVAILABLE),
    ],
)
def test_the_services_own_code_counts_before_the_status(status: int, code: str, trouble: Trouble) -> None:
    error = understood("answer", refused(status, {"error": {"code": code, "message": "No."}}, Retry_After="3"))
    assert (error.trouble, error.status, error.code, error.retry_after_s) == (trouble, status, code, 3.0)


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"code": "8522", "message": "gone"}},
        {"Error": {"Code": 8522, "Message": "gone"}},
        {"code": "8522", "message": "gone"},
        {"error": {"code": "NotFound", "message": "gone", "innererror": {"code": "8522", "innererror": {"code": 0.5}}}},
        {"error": {"code": True, "message": "gone", "InnerError": {"Code": 8522}}},
        {"error": {"code": "NotFound", "message": "gone", "details": [{"code": "8522"}], "innererror": None}},
    ],
)
def test_code_and_text_are_found_however_they_are_written(body: object) -> None:
    error = understood("hold", refused(404, body))
    assert error.detail == "hold: status 404, code 8522, 'gone'"


@pytest.mark.parametrize("body", ["<html>", "[]", '{"error": 7}', "", '{"code": "+15550100"}'])
def test_a_body_that_cannot_be_read_says_nothing(body: str) -> None:
    error = understood("hold", refused(502, body))
    assert error.detail == "hold: status 502"


def test_without_an_answer_there_is_no_status() -> None:
    assert understood("hold", ServiceRequestError("no route")).detail == "hold: ServiceRequestError"
    assert understood("hold", ClientAuthenticationError("no")).trouble is Trouble.UNAUTHORIZED
    assert understood("hold", ValueError("no JSON")).trouble is Trouble.UNAVAILABLE


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("call +1 555 010 0123 back", "call [number] back"),
        ("4:+15550100 left", "[identity] left"),
        ("8:acs:resource_user left", "[identity] left"),
        ("alice@example.com and <bob@example.com>, left", "[identity] and <[identity]>, left"),
        ("see https://example.com/x?sig=1", "see [address]"),
        ("token " + "aB3" * 20, "token [...]"),
        ("code 8522", "code 8522"),
    ],
)
def test_persons_and_secrets_are_masked(said: str, shown: str) -> None:
    assert masked(said) == shown


def test_a_long_text_is_cut() -> None:
    assert len(masked("no " * 500)) == MOST_CHARS


def test_when_to_ask_again_is_said_in_milliseconds_under_either_name() -> None:
    told = [
        understood("hold", refused(429, Retry_After="9", **{name: "1500"})).retry_after_s
        for name in ("retry_after_ms", "x_ms_retry_after_ms")
    ]
    assert told == [1.5, 1.5]
    assert understood("hold", refused(429)).retry_after_s is None
