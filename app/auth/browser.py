"""Access tokens with which browsers open conversations: those of this server, and those of Microsoft Entra.

A token of this server is for one session and one agent, and valid for minutes. It is signed with TOKEN_SIGNING_KEY, so
that every machine accepts it, before and after a restart; without one, with a random secret that the workers of one
server share. Passwords are no signing keys: whoever has a token could try guesses on it offline.
"""

import time
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from actors.session_context import GivenContext
from app.auth.exposure import Exposure
from app.auth.jwt import TokenError, TokenVerifier, checked, header_of, require_encrypted
from app.auth.sealed_context import ContextSeal
from config.errors import SettingsError
from config.groups.access import BrowserAuth
from config.secret import Secret
from config.settings import Settings

ISSUER = "earshot"
AUDIENCE = "earshot/browser"
ALGORITHM = "HS256"
OPERATOR_ROLE = "Earshot.Operator"


class Grant(msgspec.Struct, frozen=True):
    """What a token gives access to: one session, or any if that is empty; one agent, or any if that is empty.

    `vouched`: an operator had the token made for the session. `issued_at` is in seconds since the epoch, and 0 for a
    token that this server has not issued. `subject` is the Entra user behind the token, empty for none. `given` is the
    context that an operator has put into the token for the session.
    """

    session_id: str = ""
    agent: str = ""
    vouched: bool = False
    issued_at: float = 0.0
    subject: str = ""
    given: GivenContext | None = None

    def require(self, session_id: str = "", agent: str = "") -> None:
        """Check that the token covers the session and the agent that are asked for; an empty name is not checked.

        Raises:
            TokenError: it is for another session or agent.
        """
        if session_id and self.session_id not in ("", session_id):
            raise TokenError("for another session")
        if agent and self.agent not in ("", agent):
            raise TokenError("for another agent")

    def shows(self, session_id: str, created_at: float) -> bool:
        """Whether the token proves that its bearer owns the session of that id. `created_at` is in seconds since the
        epoch.

        A page gets a token for whatever id it names. One that was issued after the session had begun may have been
        requested by anybody who knows the id, and proves nothing.
        """
        return self.session_id == session_id != "" and (self.vouched or self.issued_at <= created_at)


class SessionToken(msgspec.Struct, frozen=True):
    """A token that this server has issued; `expires_at` is in seconds since the epoch."""

    token: str
    expires_at: float
    grant: Grant


class BrowserAccess:
    """Issues and checks browsers' tokens by the rules of BROWSER_AUTH. `server_secret` is shared by all workers of a
    server.

    Raises:
        SettingsError: a setting that BROWSER_AUTH=entra needs is missing.
    """

    def __init__(self, settings: Settings, server_secret: Secret) -> None:
        self.mode = browser_auth(settings)
        self._chosen = settings.access.browser_auth
        # What a server makes that lets everybody in must not open another one of the same operator.
        shared = None if self.mode is BrowserAuth.OFF else settings.access.token_signing_key
        self._key = _derived(shared or server_secret, b"earshot browser token")
        self._seal = ContextSeal(_derived(shared or server_secret, b"earshot session context"))
        self._clients = settings.entra.allowed_client_ids
        self._entra = _entra(settings) if self.mode is BrowserAuth.ENTRA else None

    def demanded(self, *, local: bool) -> BrowserAuth:
        """Return what a browser has to prove: BROWSER_AUTH; if unset, nothing on this machine (`local`) and a token
        elsewhere."""
        if self._chosen is None and not local:
            return BrowserAuth.TOKEN
        return self.mode

    def issue(self, grant: Grant, ttl_s: int) -> SessionToken:
        """Issue a token that gives access to `grant` for `ttl_s` seconds."""
        now = time.time()
        grant = msgspec.structs.replace(grant, issued_at=now)
        expires_at = int(now) + ttl_s
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "exp": expires_at,
            "session_id": grant.session_id,
            "agent": grant.agent,
            "vouched": grant.vouched,
            "issued_at": grant.issued_at,
            "subject": grant.subject,
        }
        if grant.given is not None:
            claims["given"] = self._seal.seal(grant.given)
        return SessionToken(jwt.encode(claims, self._key, ALGORITHM), expires_at, grant)

    async def grant_of(self, token: str) -> Grant:
        """Check `token` and return what it gives access to.

        Raises:
            TokenError: the token is not accepted.
            TokensUnavailableError: Entra's keys could not be fetched.
        """
        if header_of(token).get("alg") == ALGORITHM or self._entra is None:
            claims = checked(token, self._key, ALGORITHM, issuer=ISSUER, audience=AUDIENCE, leeway_s=0)
            return Grant(
                session_id=claims["session_id"],
                agent=claims["agent"],
                vouched=claims["vouched"],
                issued_at=claims["issued_at"],
                subject=claims.get("subject", ""),
                given=self._seal.open(claims["given"]) if "given" in claims else None,
            )
        entra = await self.entra_claims(token)
        return Grant(vouched=is_operator(entra), subject=subject_of(entra))

    async def entra_claims(self, token: str) -> dict[str, Any]:
        """Check an Entra access token and return its claims.

        Raises:
            TokenError: the token is not accepted; none is unless BROWSER_AUTH is entra.
            TokensUnavailableError: Entra's keys could not be fetched.
        """
        if self._entra is None:
            raise TokenError("of a kind that is not accepted here")
        claims = await self._entra.verify(token)
        if self._clients and (claims.get("azp") or claims.get("appid")) not in self._clients:
            raise TokenError("of an application that is not allowed")
        return claims


def browser_auth(settings: Settings) -> BrowserAuth:
    """Return BROWSER_AUTH or its default; requests from other machines need a token in either case."""
    if settings.access.browser_auth is not None:
        return settings.access.browser_auth
    return BrowserAuth.TOKEN if Exposure(settings).public else BrowserAuth.OFF


def is_operator(claims: dict[str, Any]) -> bool:
    """Whether the claims of an Entra token hold the operator's role."""
    roles = claims.get("roles")
    return isinstance(roles, list) and OPERATOR_ROLE in roles


def subject_of(claims: dict[str, Any]) -> str:
    """The user or application to which an Entra token was issued: its object id, else its pairwise subject."""
    for name in ("oid", "sub"):
        value = claims.get(name)
        if isinstance(value, str) and value:
            return value
    return ""


def _entra(settings: Settings) -> TokenVerifier:
    tenant, client = settings.entra.tenant_id, settings.entra.client_id
    if not tenant or not client:
        raise SettingsError("BROWSER_AUTH is entra; it needs AZURE_TENANT_ID and AZURE_CLIENT_ID")
    require_encrypted("ENTRA_AUTHORITY", settings.entra.authority)
    authority = f"{settings.entra.authority}/{tenant}"
    return TokenVerifier(f"{authority}/v2.0", client, f"{authority}/discovery/v2.0/keys")


def _derived(secret: Secret, purpose: bytes) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=purpose).derive(secret.reveal().encode())
