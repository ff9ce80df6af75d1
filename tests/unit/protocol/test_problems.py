"""Errors of the REST API on the wire (RFC 9457)."""

import json
from http import HTTPStatus

from protocol.problems import FieldError, problem


def test_a_problem_says_its_kind_and_leaves_out_what_says_nothing() -> None:
    assert json.loads(problem(HTTPStatus.NOT_FOUND, "there is no such call").encode()) == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "there is no such call",
    }


def test_what_is_wrong_with_each_field_is_listed() -> None:
    wrong = FieldError("agent", "expected one of concierge", "enum")
    body = json.loads(problem(HTTPStatus.UNPROCESSABLE_ENTITY, "agent", "/api/v1/calls", (wrong,)).encode())
    assert body["instance"] == "/api/v1/calls"
    assert body["errors"] == [{"field": "agent", "message": "expected one of concierge", "code": "enum"}]
