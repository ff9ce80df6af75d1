"""Authenticates ACS and Event Grid by their tokens (JWT) or secret, as ENABLE_AUTH_VALIDATION demands."""

import asyncio
import hmac
import logging
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from app.api.problems import ProblemError
from app.auth.jwt import (
    SigningKeys,
    TokenError,
    TokensUnavailableError,
    TokenVerifier,
    bearer_of,
    require_encrypted,
)
from app.auth.origins import is_loopback
from app.errors import AppError
from config.errors import SettingsError
from config.settings import Settings

log = logging.getLogger("earshot.access")

SECRET_HEADER = "x-earshot-event-grid-secret"
EVENT_GRID_ROLE = "AzureEventGridSecureWebhookSubscriber"
"""The role of our application in Entra that is assigned to Event Grid, and that its tokens then have."""
EVENT_GRID_APPLICATION = "4962773b-9cdb-44cf-a8bf-237846a00ab7"
"""The application id of Event Grid itself, the same in every tenant of Azure's public cloud."""
NO_PROOF = "neither EVENT_GRID_SECRET nor EVENT_GRID_AUDIENCE is set"
EVENT_GRID_WAITS_S = 15.0
"""Seconds for which a token of Event Grid waits for keys. Event Grid itself waits for 30 s, and after a refusal comes
again half a minute later, while the caller's telephone rings."""
TOLD_EVERY_S = 60.0
RETRY_AFTER_S = 5


class AccessRefusedError(AppError):
    """A request does not prove that it comes from ACS or Event Grid. `reason` may be shown to the sender."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason

    def problem(self) -> ProblemError:
        """Return the problem document with which a REST route answers."""
        later = self.status is HTTPStatus.SERVICE_UNAVAILABLE
        return ProblemError(self.status, self.reason, headers={"Retry-After": str(RETRY_AFTER_S)} if later else None)


def same_secret(a: str, b: str) -> bool:
    """Whether two secrets are equal, compared in constant time; an empty one equals nothing."""
    return bool(a and b) and hmac.compare_digest(a.encode(), b.encode())


class AcsAccess:
    """The checks of ACS's and Event Grid's requests in one worker. `on` says whether they are checked at all.

    Raises:
        SettingsError: checks are on, and a setting that they need is missing.
    """

    def __init__(self, settings: Settings) -> None:
        self.on = validation_on(settings)
        self._said_off = settings.access.enable_auth_validation is False
        self._secret = settings.event_grid.secret
        self._acs = _acs(settings) if self.on else None
        self._event_grid = _event_grid(settings) if self.on and settings.event_grid.audience else None
        self._told: dict[str, float] = {}
        self._keeping: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Fetch the keys of ACS and Event Grid in the background, and renew them until `stop`."""
        verifiers = [verifier for verifier in (self._acs, self._event_grid) if verifier is not None]
        self._keeping = [asyncio.create_task(verifier.keep_keys(), name="keys") for verifier in verifiers]

    def stop(self) -> None:
        """Stop renewing the keys of ACS and Event Grid."""
        for task in self._keeping:
            task.cancel()

    def admits_unproven(self, *, local: bool) -> bool:
        """Whether a request without proof is accepted as the telephone network's.

        That is so only while checks are off: then requests of programs on this machine (`local`) are accepted, and all
        requests if an operator has set ENABLE_AUTH_VALIDATION to false.
        """
        return not self.on and (local or self._said_off)

    @property
    def knows_event_grid(self) -> bool:
        """Whether EVENT_GRID_SECRET or EVENT_GRID_AUDIENCE is set, by which Event Grid can be recognised."""
        return self._secret is not None or self._event_grid is not None

    @property
    def without_keys(self) -> bool:
        """Whether requests of ACS are refused because its keys could not be fetched."""
        return self._acs is not None and self._acs.without_keys

    async def require_callback(self, headers: Mapping[str, str]) -> None:
        """Check the token of a callback of ACS. The names in `headers` are in lower case, or their case is ignored.

        Raises:
            AccessRefusedError: 401 without an accepted token, 503 if the token cannot be checked.
        """
        if self._acs is not None:
            await self._claims(self._acs, headers, "an ACS callback")

    async def require_media(self, headers: Mapping[str, str]) -> None:
        """Check the handshake of a media socket of ACS.

        Raises:
            AccessRefusedError: as `require_callback`.
        """
        if self._acs is not None:
            await self._claims(self._acs, headers, "an ACS media socket")

    async def require_event_grid(self, headers: Mapping[str, str]) -> None:
        """Check a delivery of Event Grid, by its secret and by its token if both are configured. `headers` as for ACS.

        Raises:
            AccessRefusedError: 401 without proof, 403 with a wrong secret or the token of somebody else, 503 if the
                token cannot be checked or neither secret nor audience is configured.
        """
        if not self.on:
            return
        sender = "an Event Grid delivery"
        if not self.knows_event_grid:
            raise self._refusal(sender, HTTPStatus.SERVICE_UNAVAILABLE, NO_PROOF)
        if self._secret is not None:
            offered = headers.get(SECRET_HEADER, "")
            if not offered:
                raise self._refusal(sender, HTTPStatus.UNAUTHORIZED, f"{SECRET_HEADER} is missing")
            if not self._secret.matches(offered):
                raise self._refusal(sender, HTTPStatus.FORBIDDEN, f"{SECRET_HEADER} is wrong")
        if self._event_grid is not None:
            claims = await self._claims(self._event_grid, headers, sender)
            if not _is_event_grid(claims):
                raise self._refusal(sender, HTTPStatus.FORBIDDEN, "the token is not Event Grid's")

    async def _claims(self, verifier: TokenVerifier, headers: Mapping[str, str], sender: str) -> dict[str, Any]:
        try:
            return await verifier.verify(bearer_of(headers))
        except TokenError as error:
            raise self._refusal(sender, HTTPStatus.UNAUTHORIZED, f"token {error.reason}") from None
        except TokensUnavailableError as error:
            raise self._refusal(sender, HTTPStatus.SERVICE_UNAVAILABLE, str(error)) from None

    def _refusal(self, sender: str, status: HTTPStatus, reason: str) -> AccessRefusedError:
        """Make the error, and log it at most once a minute for each reason, since ACS shows its users no reasons."""
        told = f"{sender}: {reason}"
        if time.monotonic() - self._told.get(told, -TOLD_EVERY_S) >= TOLD_EVERY_S:
            self._told[told] = time.monotonic()
            log.warning("%s is refused: %s", sender, reason, extra={"status": status.value})
        return AccessRefusedError(status, reason)


def acs_configured(settings: Settings) -> bool:
    """Whether an ACS resource is configured through which calls can be made."""
    return settings.acs.connection_string is not None or bool(settings.acs.endpoint)


def validation_on(settings: Settings) -> bool:
    """Return ENABLE_AUTH_VALIDATION; if it is unset, whether ACS is configured and BASE_URL is not on this machine."""
    if settings.access.enable_auth_validation is not None:
        return settings.access.enable_auth_validation
    host = urlsplit(settings.server.base_url).hostname
    return acs_configured(settings) and host is not None and not is_loopback(host)


def _acs(settings: Settings) -> TokenVerifier:
    if not settings.acs.audience:
        raise SettingsError("ENABLE_AUTH_VALIDATION is on, by itself or by default; it needs ACS_AUDIENCE")
    require_encrypted("ACS_JWKS_URL", settings.acs.jwks_url)
    return TokenVerifier(settings.acs.issuer, settings.acs.audience, settings.acs.jwks_url)


def _event_grid(settings: Settings) -> TokenVerifier:
    """Make the verifier of Event Grid's tokens, whose issuer Entra writes in one of two ways.

    Raises:
        SettingsError: the tenant is missing, or keys would be fetched unencrypted.
    """
    tenant = settings.entra.tenant_id
    if not tenant:
        raise SettingsError("EVENT_GRID_AUDIENCE is set; it needs AZURE_TENANT_ID")
    require_encrypted("ENTRA_AUTHORITY", settings.entra.authority)
    authority = f"{settings.entra.authority}/{tenant}"
    issuers = settings.event_grid.issuer or (f"{authority}/v2.0", f"https://sts.windows.net/{tenant}/")
    url = f"{authority}/discovery/v2.0/keys"
    keys = SigningKeys(url, wait_s=EVENT_GRID_WAITS_S)
    return TokenVerifier(issuers, settings.event_grid.audience, url, keys=keys)


def _is_event_grid(claims: Mapping[str, Any]) -> bool:
    """Whether claims are Event Grid's: other applications of the tenant can get tokens for us, but not its role
    or id."""
    roles = claims.get("roles")
    if isinstance(roles, list) and EVENT_GRID_ROLE in roles:
        return True
    return (claims.get("azp") or claims.get("appid")) == EVENT_GRID_APPLICATION
