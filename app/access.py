"""Who may use the routes that change or reveal."""

import ipaddress
from http import HTTPStatus

from starlette.requests import Request

from app.problems import ProblemError
from config.settings import Settings


def require_operator(request: Request, settings: Settings) -> None:
    """Let operators pass: the bearer of OPERATOR_TOKEN, or without one, whoever asks from this machine itself.

    Raises:
        ProblemError: 401 without or with a wrong token, 403 from elsewhere when there is none.
    """
    if settings.operator_token is not None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not settings.operator_token.matches(token.strip()):
            raise ProblemError(HTTPStatus.UNAUTHORIZED, "the operator token is missing or wrong")
    elif not _from_this_machine(request):
        raise ProblemError(HTTPStatus.FORBIDDEN, "without OPERATOR_TOKEN this route answers only on loopback")


def _from_this_machine(request: Request) -> bool:
    if "x-forwarded-for" in request.headers or "forwarded" in request.headers or request.client is None:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
