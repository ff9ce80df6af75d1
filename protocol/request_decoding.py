"""Reads what clients ask of the REST API: bodies and queries, as Structs.

What is wrong becomes a `RequestError`, whose `errors` name the fields.
"""

import re
from codecs import BOM_UTF8
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec

from protocol.calls import E164_EXPECTED, TARGET_EXPECTED, CallsQuery, CallState
from protocol.errors import WireError
from protocol.phone_numbers import PATTERN, TARGET_PATTERN
from protocol.problems import FieldError
from protocol.tokens import SESSION_ID_EXPECTED, SESSION_ID_PATTERN

MAX_LIMIT = 100
MAX_PAGE = 1_000_000


class RequestError(WireError):
    """What a client asks is wrong. `status` is 400 for a body that is no JSON, else 422; the text joins the errors."""

    def __init__(self, *errors: FieldError, status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY) -> None:
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in errors))
        self.errors = errors
        self.status = status


T = TypeVar("T")


def decode_body(body: bytes, expected: type[T]) -> T:
    """A JSON body as the Struct that the route expects; it may begin with a byte order mark.

    Raises:
        RequestError: names the first field that is missing or wrong, or `body`.
    """
    try:
        return msgspec.json.decode(body.removeprefix(BOM_UTF8), type=expected)
    except msgspec.ValidationError as error:
        raise RequestError(_field_error(str(error), expected)) from error
    except RecursionError:
        raise RequestError(FieldError("body", "nested too deeply", "json"), status=HTTPStatus.BAD_REQUEST) from None
    except ValueError as error:
        raise RequestError(FieldError("body", f"not JSON: {error}", "json"), status=HTTPStatus.BAD_REQUEST) from error


def decode_query(query: Mapping[str, str]) -> CallsQuery:
    """The query of GET /calls; an empty value counts as absent.

    Raises:
        RequestError: names every parameter that is wrong.
    """
    errors: list[FieldError] = []
    page = _whole(query, "page", 1, MAX_PAGE, errors)
    limit = _whole(query, "limit", 10, MAX_LIMIT, errors)
    status_filter: CallState | None = None
    if text := query.get("status_filter"):
        try:
            status_filter = CallState(text)
        except ValueError:
            errors.append(FieldError("status_filter", f"expected one of {', '.join(CallState)}", "enum"))
    if errors:
        raise RequestError(*errors)
    return CallsQuery(page, limit, status_filter)


def _whole(query: Mapping[str, str], name: str, default: int, highest: int, errors: list[FieldError]) -> int:
    text = query.get(name) or str(default)
    if not re.fullmatch("-?[0-9]+", text):
        errors.append(FieldError(name, "expected a whole number", "type"))
    # A number of too many digits to be one is out of range without being read.
    elif len(text) > len(str(MAX_PAGE)) or not 1 <= int(text) <= highest:
        errors.append(FieldError(name, f"expected 1 to {highest}", "range"))
    else:
        return int(text)
    return default


_SHAPE = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<path>[^`]*)`)?", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<field>[^`]*)`")
_PATTERNS = {
    repr(PATTERN): E164_EXPECTED,
    repr(TARGET_PATTERN): TARGET_EXPECTED,
    repr(SESSION_ID_PATTERN): SESSION_ID_EXPECTED,
}
"""What a client is told in place of a regular expression, by the way in which msgspec prints the expression."""
_OTHER = "it holds characters that are not allowed"
_OWN = re.compile(r"(?P<field>[a-z_]+): (?P<message>.*)")


def _field_error(text: str, expected: type[Any]) -> FieldError:
    """What msgspec says, as the field, what it should be, and a code; nothing that the client sent is repeated."""
    shape = _SHAPE.fullmatch(text)
    assert shape is not None
    what, path = shape["what"], shape["path"] or ""
    if missing := _MISSING.fullmatch(what):
        return FieldError(".".join(filter(None, (path, missing["field"]))), "required", "required")
    if own := _OWN.fullmatch(what):
        is_number = own["message"] in (E164_EXPECTED, TARGET_EXPECTED)
        return FieldError(own["field"], own["message"], "pattern" if is_number else "enum")
    field = path or "body"
    if "matching regex" in what:
        return FieldError(field, next((told for shown, told in _PATTERNS.items() if shown in what), _OTHER), "pattern")
    if what.startswith("Invalid enum value"):
        choices = ", ".join(str(choice) for choice in get_args(get_type_hints(expected).get(field)))
        return FieldError(field, f"expected one of {choices}" if choices else "not one of its values", "enum")
    if "of length" in what:
        return FieldError(field, _lower(what), "length")
    if "<=" in what or ">=" in what or "out of range" in what:
        return FieldError(field, _lower(what), "range")
    return FieldError(field, _lower(what), "type")


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:].replace("`", "")
