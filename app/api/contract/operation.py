"""What the catalogue says of a route besides what the route itself tells."""

from typing import Any

import msgspec

JSON = "application/json"


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """A value in the query, a header or the path of a request. `type` gives its schema."""

    name: str
    description: str
    type: Any = str
    where: str = "query"
    example: Any = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that is no problem. `type` is None where there is no body; `example` is one of its values."""

    description: str
    type: Any = None
    example: Any = None
    media_types: tuple[str, ...] = (JSON,)
    headers: tuple[Parameter, ...] = ()


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """A route: what it takes, what it answers, and the statuses of problems that are its own.

    What every route may answer, and what follows from its check, its path and its body, is added by the document.
    """

    tag: str
    answers: dict[int, Answer]
    body: Any = None
    body_required: bool = True
    example: Any = None
    parameters: tuple[Parameter, ...] = ()
    problems: dict[int, str] = {}


def ok(description: str, type_: Any, example: Any = None) -> dict[int, Answer]:
    """The usual answer: 200 and JSON."""
    return {200: Answer(description=description, type=type_, example=example)}
