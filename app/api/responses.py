"""JSON answers through msgspec."""

from http import HTTPStatus

import msgspec
from starlette.responses import Response

_encoder = msgspec.json.Encoder()


def json_response(
    content: object, status: HTTPStatus = HTTPStatus.OK, headers: dict[str, str] | None = None
) -> Response:
    """`content`, a Struct or builtins, as JSON."""
    return Response(_encoder.encode(content), status.value, headers, "application/json")
