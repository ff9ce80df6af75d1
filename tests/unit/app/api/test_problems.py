"""Errors of the REST API: each is a problem document, and none says more than it should."""

import json
from http import HTTPStatus

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from app.api.problems import ProblemError, on_error, on_http_exception, on_problem, on_too_many
from app.limits.clients import TooManyError
from protocol.problems import FieldError


def request(path: str = "/api/v1/calls/secret", **headers: str) -> Request:
    def a_route() -> None: ...

    spelt = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": spelt, "endpoint": a_route}
    return Request(scope)


async def test_a_problem_names_the_fields_that_are_wrong() -> None:
    wrong = FieldError("limit", "too large", "range")
    error = ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "limit: too large", (wrong,), {"X-More": "yes"})
    answer = await on_problem(request("/api/v1/calls"), error)
    assert (answer.status_code, answer.headers["x-more"]) == (422, "yes")
    assert answer.media_type == "application/problem+json"
    body = json.loads(bytes(answer.body))
    assert body["errors"] == [{"field": "limit", "message": "too large", "code": "range"}]
    assert (body["detail"], body["instance"]) == ("limit: too large", "/api/v1/calls")


async def test_who_is_not_known_is_told_how_to_be() -> None:
    answer = await on_problem(request(), ProblemError(HTTPStatus.UNAUTHORIZED, "no token"))
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("headers", "closes"),
    [
        ({}, False),
        ({"content_length": "300"}, False),
        ({"content_length": "3000000"}, True),
        ({"content_length": "9" * 5_000}, True),
        ({"content_length": "many"}, False),
        ({"transfer_encoding": "chunked"}, True),
    ],
)
async def test_who_is_refused_with_a_long_body_is_told_that_the_connection_ends(
    headers: dict[str, str], closes: bool
) -> None:
    answer = await on_problem(request(**headers), ProblemError(HTTPStatus.UNAUTHORIZED, "no token"))
    assert (answer.headers.get("connection") == "close") is closes
    assert "www-authenticate" in answer.headers


async def test_who_is_over_a_limit_is_told_when_to_come_back() -> None:
    answer = await on_too_many(request(), TooManyError("too many texts: try again in 7 s", 7))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")


async def test_a_wrong_method_keeps_its_header() -> None:
    answer = await on_http_exception(request(), HTTPException(405, headers={"Allow": "GET"}))
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


async def test_our_fault_shows_and_logs_nothing_but_where_and_what_kind(caplog: pytest.LogCaptureFixture) -> None:
    answer = await on_error(request(), RuntimeError("+15550100"))
    assert answer.status_code == 500
    for text in (caplog.text, bytes(answer.body).decode()):
        assert "555" not in text
    assert "secret" not in caplog.text
    assert "a_route failed: RuntimeError" in caplog.text
