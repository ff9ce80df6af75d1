"""Request bodies, of a bounded size."""

from http import HTTPStatus

from starlette.requests import Request

from app.problems import ProblemError

MOST_BYTES = 65_536


async def body_of(request: Request, most_bytes: int = MOST_BYTES) -> bytes:
    """The whole body.

    Raises:
        ProblemError: 413, it is over `most_bytes`.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is over {most_bytes} bytes")
    return bytes(body)
