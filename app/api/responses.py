"""JSON responses of the API, encoded by msgspec."""

from http import HTTPStatus

import msgspec
from starlette.responses import Response

_encoder = msgspec.json.Encoder()


def json_response(
    content: object, status: HTTPStatus = HTTPStatus.OK, headers: dict[str, str] | None = None
) -> Response:
    """Make a JSON response of `content`, which is a Struct or of built-in types."""
    return Response(_encoder.encode(content), status.value, headers, "application/json")
