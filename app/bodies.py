"""Request bodies, of a bounded size."""

import asyncio
from http import HTTPStatus

from starlette.requests import ClientDisconnect, Request

from app.problems import ProblemError

MOST_BYTES = 65_536
LONGEST_S = 10.0


async def body_of(request: Request, most_bytes: int = MOST_BYTES) -> bytes:
    """The whole body.

    Raises:
        ProblemError: 413, it is over `most_bytes`; 408, it takes longer than LONGEST_S; 400, it breaks off.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(LONGEST_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most_bytes:
                    raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is over {most_bytes} bytes")
    except TimeoutError:
        raise ProblemError(HTTPStatus.REQUEST_TIMEOUT, f"the body took longer than {LONGEST_S:g} s") from None
    except ClientDisconnect:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "the body breaks off") from None
    return bytes(body)
