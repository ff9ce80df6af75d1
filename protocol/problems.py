"""RFC 9457 problem details: how every error of the REST API looks."""

from http import HTTPStatus

import msgspec

CONTENT_TYPE = "application/problem+json"


class FieldError(msgspec.Struct, frozen=True):
    """What is wrong with one field of a request."""

    field: str
    message: str
    code: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An error. `detail` is always a string: older clients read only that."""

    title: str
    status: int
    detail: str
    type: str = "about:blank"
    instance: str = ""
    errors: tuple[FieldError, ...] = ()

    def encode(self) -> bytes:
        """Write the problem as a body, with its `type` even where that says nothing."""
        return msgspec.json.encode({"type": self.type, **msgspec.to_builtins(self)})


def problem(status: HTTPStatus, detail: str, instance: str = "", errors: tuple[FieldError, ...] = ()) -> Problem:
    """The problem document for a status code (RFC 9457)."""
    return Problem(title=status.phrase, status=status.value, detail=detail, instance=instance, errors=errors)
