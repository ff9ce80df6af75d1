"""Errors of the REST API as problem+json; a client's mistake is never a 500.

The functions that answer are coroutines: Starlette would run others in a thread each time.
"""

import logging
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.api.allowed_methods import allowed_methods
from app.errors import AppError
from app.limits.clients import TooManyError
from protocol.problems import CONTENT_TYPE, FieldError, problem

log = logging.getLogger(__name__)

LONG_BODY_BYTES = 16_384
"""Bytes of a request's body up to which an error leaves the connection open: the server has read them by the next
request."""
MOST_OF_METHOD = 20
"""The most characters of a method that an error repeats; a client may send any word."""


class ProblemError(AppError):
    """Raised by a route to answer with a problem."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        errors: tuple[FieldError, ...] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}


def _answer(
    request: Request,
    status: HTTPStatus,
    detail: str,
    errors: tuple[FieldError, ...] = (),
    headers: dict[str, str] | None = None,
) -> Response:
    body = problem(status, detail, request.url.path, errors).encode()
    if status is HTTPStatus.UNAUTHORIZED:
        headers = {"WWW-Authenticate": "Bearer", **(headers or {})}
    if _may_be_unread(request):
        headers = {**(headers or {}), "Connection": "close"}
    return Response(body, status.value, headers, CONTENT_TYPE)


def _may_be_unread(request: Request) -> bool:
    """Whether a refused request has a body that the server may not have read: its connection takes no other request,
    and a client that is not told so has that fail.
    """
    length = request.headers.get("content-length", "")
    return "transfer-encoding" in request.headers or (length.isdecimal() and int(length[:20]) > LONG_BODY_BYTES)


async def on_problem(request: Request, error: Exception) -> Response:
    """A route raised `ProblemError`."""
    assert isinstance(error, ProblemError)
    return _answer(request, error.status, error.detail, error.errors, error.headers)


async def on_too_many(request: Request, error: Exception) -> Response:
    """A client is over one of its limits."""
    assert isinstance(error, TooManyError)
    headers = {"Retry-After": str(error.retry_after_s)}
    return _answer(request, HTTPStatus.TOO_MANY_REQUESTS, error.reason, headers=headers)


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Starlette's own: unknown path, wrong method."""
    assert isinstance(error, HTTPException)
    headers, detail = dict(error.headers or {}), str(error.detail)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED and "app" in request.scope:
        headers["Allow"] = ", ".join(allowed_methods(request.app.routes, request.scope))
        detail = f"this path does not take {request.method[:MOST_OF_METHOD]}, only {headers['Allow']}"
    return _answer(request, HTTPStatus(error.status_code), detail, headers=headers)


async def on_error(request: Request, error: Exception) -> Response:
    """Our fault; the client learns nothing of it but that."""
    # The name of the route and not its path, which holds secrets and ids.
    route = getattr(request.scope.get("endpoint"), "__qualname__", "a route")
    log.error("%s %s failed: %s", request.method, route, type(error).__name__)
    return _answer(request, HTTPStatus.INTERNAL_SERVER_ERROR, "something went wrong on our side")
