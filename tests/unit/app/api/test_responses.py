"""JSON responses of Structs and of built-in types."""

from http import HTTPStatus

from app.api.responses import json_response
from protocol.problems import FieldError


def test_what_is_answered_is_json_with_its_status_and_headers() -> None:
    answer = json_response({"a": (FieldError("f", "m", "c"),)}, HTTPStatus.ACCEPTED, {"X-More": "yes"})
    assert bytes(answer.body) == b'{"a":[{"field":"f","message":"m","code":"c"}]}'
    assert (answer.status_code, answer.media_type, answer.headers["x-more"]) == (202, "application/json", "yes")
