"""Reads request bodies: bounded in size and time, and every fault answered by naming what is wrong."""

import asyncio
from http import HTTPStatus
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request

from app.api.problems import ProblemError
from protocol.request_decoding import RequestError, decode_body

T = TypeVar("T")

MOST_BYTES = 65_536
LONGEST_S = 10.0
_UNREAD = {"Connection": "close"}
"""The header of an answer to a request whose body is not read: it closes the connection, on which the rest
still comes."""


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
                    detail = f"the body is over {most_bytes} bytes"
                    raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail, headers=_UNREAD)
    except TimeoutError:
        detail = f"the body took longer than {LONGEST_S:g} s"
        raise ProblemError(HTTPStatus.REQUEST_TIMEOUT, detail, headers=_UNREAD) from None
    except ClientDisconnect:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "the body breaks off") from None
    return bytes(body)


async def asked_of(request: Request, expected: type[T], most_bytes: int = MOST_BYTES, *, empty: bytes = b"") -> T:
    """The body of a request as the Struct that the route expects; `empty` is what stands for an empty one.

    Raises:
        ProblemError: as `body_of`; 400, it is no JSON or nested too deeply; 422, names the field that is wrong.
    """
    body = await body_of(request, most_bytes) or empty
    try:
        return decode_body(body, expected)
    except RequestError as error:
        raise invalid(error) from None


def invalid(error: RequestError) -> ProblemError:
    """The answer to a request that is wrong."""
    return ProblemError(error.status, str(error), error.errors)
