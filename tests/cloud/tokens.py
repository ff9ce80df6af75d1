"""Tokens as Azure's services sign them (RS256), the public keys, and tokens that must be refused."""

import base64
import functools
import hashlib
import hmac
import json
import time
import uuid
from typing import Any, Literal, get_args

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

Forgery = Literal[
    "missing",
    "malformed",
    "expired",
    "not_yet_valid",
    "no_expiry",
    "wrong_issuer",
    "wrong_audience",
    "wrong_key",
    "unknown_key",
    "unsigned",
    "public_key_as_secret",
]
FORGERIES: tuple[Forgery, ...] = get_args(Forgery)


@functools.cache
def _key(number: int) -> rsa.RSAPrivateKey:
    """Making a key takes a tenth of a second: one process makes each once."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class TokenIssuer:
    """Signs tokens for one audience. `key` numbers the signing key; issuers of a process may share keys."""

    def __init__(self, issuer: str, audience: str, *, ttl_s: float = 300, key: int = 0) -> None:
        self.issuer = issuer
        self.audience = audience
        self.ttl_s = ttl_s
        self._keys = [key]

    def issue(self, *, ttl_s: float | None = None, **claims: Any) -> str:
        """A valid token, unlike any before; `claims` add to the usual ones or replace them."""
        return self._sign(self._claims(ttl_s, **claims), self._keys[-1])

    def rotate(self) -> None:
        """Sign with another key from here on; the keys before it stay published."""
        self._keys.append(self._keys[-1] + 10)

    def withdraw(self) -> None:
        """Publish only the key that signs now."""
        del self._keys[:-1]

    def jwks(self) -> dict[str, Any]:
        """The JSON Web Key Set."""
        return {"keys": [self._public(number) for number in self._keys]}

    def verify(self, token: str, audience: str | None = None) -> dict[str, Any]:
        """The claims of a token of this issuer.

        Raises:
            jwt.InvalidTokenError: it is not one, or is out of date.
        """
        number = {self._kid(n): n for n in self._keys}.get(jwt.get_unverified_header(token).get("kid", ""))
        if number is None:
            raise jwt.InvalidTokenError("signed with a key that is not published")
        claims: dict[str, Any] = jwt.decode(
            token,
            _key(number).public_key(),
            algorithms=["RS256"],
            issuer=self.issuer,
            audience=audience or self.audience,
            options={"require": ["exp", "iss", "aud"]},
        )
        return claims

    def forge(self, kind: Forgery) -> str:
        """A token that a careful reader refuses; for `missing` it is empty, and no header is to be sent."""
        signer = self._keys[-1]
        match kind:
            case "missing":
                return ""
            case "malformed":
                return "not.a.token"
            case "expired":
                return self._sign(self._claims(-3600), signer)
            case "not_yet_valid":
                return self._sign(self._claims(7200, nbf=int(time.time()) + 3600), signer)
            case "no_expiry":
                return self._sign({k: v for k, v in self._claims().items() if k != "exp"}, signer)
            case "wrong_issuer":
                return self.issue(iss="https://issuer.invalid")
            case "wrong_audience":
                return self.issue(aud=str(uuid.uuid4()))
            case "wrong_key":
                return self._sign(self._claims(), signer + 1, kid=self._kid(signer))
            case "unknown_key":
                return self._sign(self._claims(), signer + 1)
            case "unsigned":
                return _by_hand({"alg": "none", "typ": "JWT"}, self._claims(), b"")
            case "public_key_as_secret":
                secret = _key(signer).public_key()
                pem = secret.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
                return _by_hand({"alg": "HS256", "typ": "JWT", "kid": self._kid(signer)}, self._claims(), pem)

    def _claims(self, ttl_s: float | None = None, **claims: Any) -> dict[str, Any]:
        now = int(time.time())
        expires = int(now + (self.ttl_s if ttl_s is None else ttl_s))
        usual = {"iss": self.issuer, "aud": self.audience, "iat": now, "nbf": now, "exp": expires}
        return {**usual, "jti": str(uuid.uuid4()), **claims}

    def _sign(self, claims: dict[str, Any], number: int, *, kid: str | None = None) -> str:
        return jwt.encode(claims, _key(number), algorithm="RS256", headers={"kid": kid or self._kid(number)})

    def _kid(self, number: int) -> str:
        return hashlib.sha256(f"{self.issuer} {number}".encode()).hexdigest()[:24]

    def _public(self, number: int) -> dict[str, Any]:
        jwk = jwt.algorithms.RSAAlgorithm.to_jwk(_key(number).public_key(), as_dict=True)
        return {**jwk, "kid": self._kid(number), "use": "sig", "alg": "RS256"}


def _by_hand(header: dict[str, str], claims: dict[str, Any], secret: bytes) -> str:
    """What PyJWT rightly does not sign."""
    signed = ".".join(_b64(json.dumps(part).encode()) for part in (header, claims))
    return f"{signed}.{_b64(hmac.digest(secret, signed.encode(), 'sha256')) if secret else ''}"


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
