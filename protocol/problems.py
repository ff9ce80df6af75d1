"""RFC 9457 problem details: the body of every error that the REST API answers."""

from http import HTTPStatus

import msgspec

CONTENT_TYPE = "application/problem+json"


class FieldError(msgspec.Struct, frozen=True):
    """An error in one field of a request: the field's name, the text for people, and a code for programs."""

    field: str
    message: str
    code: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An error as the API answers it. `detail` is always a string, since older clients read nothing else."""

    title: str
    status: int
    detail: str
    type: str = "about:blank"
    instance: str = ""
    errors: tuple[FieldError, ...] = ()

    def encode(self) -> bytes:
        """Return the problem as JSON; `type` is written even if it is `about:blank`."""
        return msgspec.json.encode({"type": self.type, **msgspec.to_builtins(self)})


def problem(status: HTTPStatus, detail: str, instance: str = "", errors: tuple[FieldError, ...] = ()) -> Problem:
    """Make the problem document for a status code."""
    return Problem(title=status.phrase, status=status.value, detail=detail, instance=instance, errors=errors)
