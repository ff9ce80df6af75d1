"""Who may use the routes that change or reveal."""

from http import HTTPStatus

from starlette.requests import Request

from app.browser_access import OPERATOR_ROLE, Grant, is_operator
from app.origins import asked_by_foreign_page, is_local_name, is_loopback
from app.problems import ProblemError
from app.service import Service
from app.signed_tokens import TokenError, TokensUnavailable, bearer_of
from config.settings import BrowserAuth


async def require_operator(request: Request, service: Service) -> None:
    """Let operators pass: the bearer of OPERATOR_TOKEN, or without one, whoever asks from this machine itself; where
    BROWSER_AUTH is entra, also the bearer of an Entra token with the operator's role.

    Raises:
        ProblemError: 401 without or with a wrong token, 403 for another role or from elsewhere when there is no token,
            503 when a token cannot be checked.
    """
    token = bearer_of(request.headers)
    access = service.browser_access
    expected = service.settings.operator_token
    if expected is not None and expected.matches(token):
        return
    if token and access.mode is BrowserAuth.ENTRA:
        try:
            claims = await access.entra_claims(token)
        except (TokenError, TokensUnavailable) as error:
            raise refused(error) from None
        if not is_operator(claims):
            raise ProblemError(HTTPStatus.FORBIDDEN, f"the token does not carry the role {OPERATOR_ROLE}")
    elif expected is not None:
        raise ProblemError(HTTPStatus.UNAUTHORIZED, "the operator token is missing or wrong")
    elif not from_this_machine(request):
        raise ProblemError(HTTPStatus.FORBIDDEN, "without OPERATOR_TOKEN this route answers only on loopback")


async def browser_grant(request: Request, service: Service) -> Grant | None:
    """What a browser may see by REST: None for everything, where nothing is demanded and for operators.

    Raises:
        ProblemError: 401 without an accepted token, 503 when it cannot be checked.
    """
    if service.browser_access.mode is BrowserAuth.OFF:
        return None
    try:
        await require_operator(request, service)
    except ProblemError:
        try:
            return await service.browser_access.grant_of(bearer_of(request.headers))
        except (TokenError, TokensUnavailable) as error:
            raise refused(error) from None
    return None


def refused(error: TokenError | TokensUnavailable) -> ProblemError:
    """The answer to a token that is not accepted, or that cannot be checked."""
    if isinstance(error, TokenError):
        return ProblemError(HTTPStatus.UNAUTHORIZED, f"token {error.reason}")
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, str(error), headers={"Retry-After": "5"})


def from_this_machine(request: Request) -> bool:
    """Whether a program on this machine asks, or our own page there: no proxy in between, no page of somebody else."""
    headers = request.headers
    if "x-forwarded-for" in headers or "forwarded" in headers or request.client is None:
        return False
    # A foreign page may send some requests from this machine; one whose name resolves to it may send any.
    if not is_local_name(request.url.hostname or "") or asked_by_foreign_page(headers):
        return False
    return is_loopback(request.client.host)
