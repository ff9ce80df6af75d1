"""Tokens that others sign: JSON Web Tokens (RS256), checked against the keys that their issuer publishes (JWKS)."""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from app.auth.origins import is_loopback
from app.errors import AppError
from config.errors import SettingsError

log = logging.getLogger("earshot.access")

ALGORITHM = "RS256"
LEEWAY_S = 60.0
MOST_CHARS = 16_384
"""The most characters of a token; a longer one is refused unread."""
FETCH_TIMEOUT_S = 5.0
LEAST_KEY_BITS = 2_048
FRESH_S = 3_600.0
"""Seconds after which keys are fetched again in the background; the old ones are used until that has succeeded."""
UNKNOWN_KEY_PAUSE_S = 5.0
"""Seconds between fetches of keys that unknown key ids give rise to, however many made-up ones arrive."""
FAILED_PAUSE_S = 1.0
KEEP_PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds between attempts of `SigningKeys.keep` to fetch keys that could not be had, the last one repeatedly."""
WAIT_S = 4.0
"""Seconds for which a token waits for keys that are being fetched; ACS does not bring it again."""
MOST_WAITING = 256
"""Tokens that wait for keys at the same time; the check of any other goes on at once without them."""


class TokenError(AppError):
    """A token is not accepted. `reason` completes "token ..." and may be shown to the sender."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TokensUnavailableError(AppError):
    """No token can be checked, because the issuer's keys could not be fetched. The text may be shown to the sender."""

    def __init__(self) -> None:
        super().__init__("the keys to check tokens with cannot be had")


def bearer_of(headers: Mapping[str, str]) -> str:
    """Return the token in an Authorization header; empty if there is none. Names in `headers` are in lower case, or
    ignore case."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def require_encrypted(variable: str, url: str) -> None:
    """Check that the keys of an issuer are fetched by https, since whoever changes them on the way can forge tokens.

    Raises:
        SettingsError: `url`, the value of `variable`, is http and not on this machine.
    """
    parts = urlsplit(url)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise SettingsError(
            f"{variable} must be https://...: whoever changes keys on their way here could forge tokens"
        )


class SigningKeys:
    """The keys at a JWKS URL, by key id. One fetch at a time, however many wait for it; belongs to one event loop.

    `wait_s`: for how many seconds a token waits for keys that are being fetched.
    """

    def __init__(self, url: str, now: Callable[[], float] = time.monotonic, *, wait_s: float = WAIT_S) -> None:
        # Imported here, and only in a server that checks such tokens: its HTTP package takes long to load.
        from app.auth.jwks_download import DownloadError, download

        self._download = download
        self._not_had = (DownloadError, ValueError, RecursionError)
        self._url = url
        self._now = now
        self._wait_s = wait_s
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = self._tried_at = -FRESH_S
        self._failed = False
        self._fetching: asyncio.Task[None] | None = None
        self._had: asyncio.Event | None = None
        self._waiting = 0

    async def keep(self) -> None:
        """Fetch the keys now, and again when they get old, for as long as this runs: no token has to wait for that."""
        self._had = asyncio.Event()
        failures = 0
        try:
            while True:
                await asyncio.shield(self._fetch())
                if not self._failed:
                    failures = 0
                    await asyncio.sleep(FRESH_S)
                    continue
                if not failures:
                    log.warning("the keys that tokens are checked with cannot be fetched; trying again")
                await asyncio.sleep(KEEP_PAUSES_S[min(failures, len(KEEP_PAUSES_S) - 1)])
                failures += 1
        finally:
            self._had = None

    async def _kept(self) -> None:
        """Wait for the first keys where `keep` fetches them, for `wait_s` seconds at most and unless too many wait."""
        if self._had is None or self._keys or self._waiting >= MOST_WAITING:
            return
        self._waiting += 1
        try:
            async with asyncio.timeout(self._wait_s):
                await self._had.wait()
        except TimeoutError:
            return
        finally:
            self._waiting -= 1

    @property
    def missing(self) -> bool:
        """Whether the keys were asked for and could not be fetched."""
        return self._failed and not self._keys

    async def key(self, key_id: str) -> jwt.PyJWK:
        """Return the key of that id, fetched if necessary.

        Raises:
            TokenError: the issuer has no such key.
            TokensUnavailableError: the keys could not be fetched, so that it is not known.
        """
        await self._kept()
        since_s = self._now() - self._tried_at
        if self._keys and self._now() - self._fetched_at > FRESH_S and since_s > UNKNOWN_KEY_PAUSE_S:
            self._fetch()
        if key_id not in self._keys and (
            self._fetching or since_s >= (FAILED_PAUSE_S if self._failed else UNKNOWN_KEY_PAUSE_S)
        ):
            # Shielded, since other tokens wait for the same fetch, which must not end with this one.
            await asyncio.shield(self._fetch())
        key = self._keys.get(key_id)
        if key is None and (self._failed or not self._keys):
            raise TokensUnavailableError
        if key is None:
            raise TokenError("signed with an unknown key")
        return key

    def _fetch(self) -> "asyncio.Task[None]":
        if self._fetching is None:
            self._tried_at = self._now()
            self._fetching = asyncio.get_running_loop().create_task(self._refresh(), name="signing-keys")
            self._fetching.add_done_callback(self._fetched)
        return self._fetching

    def _fetched(self, _: "asyncio.Task[None]") -> None:
        self._fetching = None

    async def _refresh(self) -> None:
        self._failed = True
        try:
            body = await self._download(self._url, FETCH_TIMEOUT_S)
            # In a thread, since the numbers of a key are checked as it is loaded, which would hold up the loop.
            self._keys = await asyncio.to_thread(_usable_keys, body)
        except self._not_had:
            return
        self._failed = False
        self._fetched_at = self._now()
        if self._had is not None:
            self._had.set()


class TokenVerifier:
    """Checks tokens of one issuer for one audience. If several issuers are given, they are names of the same one."""

    def __init__(
        self,
        issuer: str | Sequence[str],
        audience: str,
        jwks_url: str,
        leeway_s: float = LEEWAY_S,
        keys: SigningKeys | None = None,
    ) -> None:
        if not issuer or not audience:
            raise ValueError("a token is checked for an issuer and an audience")
        self._issuer = issuer
        self._audience = audience
        self._leeway_s = leeway_s
        self._keys = keys or SigningKeys(jwks_url)

    async def keep_keys(self) -> None:
        """Fetch the issuer's keys, and keep them fresh as long as this runs."""
        await self._keys.keep()

    @property
    def without_keys(self) -> bool:
        """Whether no token can be checked, because the issuer's keys could not be fetched."""
        return self._keys.missing

    async def verify(self, token: str) -> dict[str, Any]:
        """Check `token` and return its claims.

        Raises:
            TokenError: it is missing, malformed, forged, expired, or for another audience.
            TokensUnavailableError: the issuer's keys could not be fetched.
        """
        key = await self._keys.key(_key_id(token))
        return checked(token, key, ALGORITHM, issuer=self._issuer, audience=self._audience, leeway_s=self._leeway_s)


def checked(
    token: str, key: Any, algorithm: str, *, issuer: str | Sequence[str], audience: str, leeway_s: float
) -> dict[str, Any]:
    """Check a token that was signed by `key` with `algorithm`, and return its claims.

    Raises:
        TokenError: the token is not accepted.
    """
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            issuer=issuer,
            audience=audience,
            leeway=leeway_s,
            options={"require": ["exp", "iss", "aud"]},
        )
    except jwt.PyJWTError as error:
        raise TokenError(_reason(error)) from None
    except (ValueError, OverflowError):
        raise TokenError("malformed") from None
    return claims


def header_of(token: str) -> dict[str, Any]:
    """Return the header of a token, of which nothing has been verified.

    Raises:
        TokenError: it is missing or malformed.
    """
    if not token:
        raise TokenError("missing")
    if len(token) > MOST_CHARS:
        raise TokenError("malformed")
    try:
        return dict(jwt.get_unverified_header(token))
    except (jwt.PyJWTError, ValueError):
        raise TokenError("malformed") from None


def _key_id(token: str) -> str:
    """Return the key id in a token's header, which is checked before any key is fetched.

    Raises:
        TokenError: the token is malformed, has no key id, or is not signed by RS256.
    """
    header = header_of(token)
    if header.get("alg") != ALGORITHM:
        raise TokenError("signed by a wrong algorithm")
    key_id = header.get("kid")
    if not isinstance(key_id, str) or not key_id:
        raise TokenError("without a key id")
    return key_id


def _reason(error: jwt.PyJWTError) -> str:
    match error:
        case jwt.ExpiredSignatureError():
            return "expired"
        case jwt.ImmatureSignatureError():
            return "not yet valid"
        case jwt.InvalidAudienceError():
            return "of a wrong audience"
        case jwt.InvalidIssuerError():
            return "of a wrong issuer"
        case jwt.InvalidSignatureError():
            return "forged"
        case jwt.InvalidAlgorithmError():
            return "signed by a wrong algorithm"
        case jwt.MissingRequiredClaimError():
            return f"without {error.claim}"
        case _:
            return "malformed"


def _usable_keys(body: bytes) -> dict[str, jwt.PyJWK]:
    """Return the RSA keys for signatures in a JWKS, by key id; raises ValueError if there are none."""
    document = json.loads(body)
    listed = document.get("keys") if isinstance(document, dict) else None
    found = {}
    for entry in listed if isinstance(listed, list) else []:
        if not isinstance(entry, dict) or entry.get("kty") != "RSA" or entry.get("use", "sig") != "sig":
            continue
        key_id = entry.get("kid")
        try:
            key = jwt.PyJWK(entry, ALGORITHM)
        except jwt.PyJWTError:
            continue
        if isinstance(key_id, str) and isinstance(key.key, RSAPublicKey) and key.key.key_size >= LEAST_KEY_BITS:
            found[key_id] = key
    if not found:
        raise ValueError("no keys")
    return found
