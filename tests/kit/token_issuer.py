"""Somebody who signs tokens and publishes keys, on a free port of this machine."""

import asyncio
import base64
import hmac
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from tests.cloud.web_server import WebServer

AUDIENCE = "2f7c0c1e-0000-4000-8000-00000000cafe"


@cache
def private_key(name: str) -> rsa.RSAPrivateKey:
    """A key of that name; made once, since that takes a while."""
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


def public_entry(name: str) -> dict[str, Any]:
    """The key as a JWKS lists it."""
    entry: dict[str, Any] = json.loads(RSAAlgorithm.to_jwk(private_key(name).public_key()))
    return {**entry, "kid": name, "use": "sig", "alg": "RS256"}


class TokenIssuer:
    """Counts how often it is asked for its keys.

    `failing`: it answers 500. `open`: while cleared, it does not answer.
    """

    def __init__(self) -> None:
        self.keys = [public_entry("first")]
        self.fetches = 0
        self.asked = asyncio.Event()
        self.failing = False
        self.open = asyncio.Event()
        self.open.set()
        self.url = ""
        self.body: bytes | None = None

    @property
    def issuer(self) -> str:
        """Its name in tokens."""
        return self.url

    @property
    def jwks_url(self) -> str:
        """Where its keys are."""
        return f"{self.url}/keys"

    def token(self, key: str = "first", *, kid: str | None = None, drop: str = "", **claims: Any) -> str:
        """A token as it should be, or with other claims, signed with another key, or without the claim `drop`."""
        now = int(time.time())
        content = {"iss": self.issuer, "aud": AUDIENCE, "iat": now, "nbf": now, "exp": now + 300, **claims}
        content.pop(drop, None)
        return jwt.encode(content, private_key(key), "RS256", headers={"kid": kid or key})

    def as_bearer(self, key: str = "first", **claims: Any) -> Mapping[str, str]:
        """The header that carries `token`."""
        return {"authorization": f"Bearer {self.token(key, **claims)}"}

    async def answer(self, _: web.Request) -> web.Response:
        """The keys, at whatever path."""
        self.fetches += 1
        self.asked.set()
        await self.open.wait()
        if self.failing:
            return web.Response(status=500)
        body = self.body if self.body is not None else json.dumps({"keys": self.keys}).encode()
        return web.Response(body=body, content_type="application/json")


@asynccontextmanager
async def token_issuer() -> AsyncIterator[TokenIssuer]:
    """One that listens."""
    issuer = TokenIssuer()
    app = web.Application()
    app.router.add_get("/{path:.*}", issuer.answer)
    server = WebServer(app, shutdown_s=0.1)
    await server.listen()
    issuer.url = f"http://{server.address}"
    try:
        yield issuer
    finally:
        issuer.open.set()
        await server.close()


def _confused(claims: Mapping[str, Any]) -> str:
    """Signed with the public key as if it were a shared secret; the library does not lend itself to that."""
    pem = private_key("first").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    parts = ({"alg": "HS256", "typ": "JWT", "kid": "first"}, claims)
    signed = ".".join(_segment(json.dumps(part).encode()) for part in parts)
    return f"{signed}.{_segment(hmac.digest(pem, signed.encode(), 'sha256'))}"


def _segment(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def forged(issuer: TokenIssuer) -> dict[str, str]:
    """Tokens that nobody may accept, by what is wrong, with the reason that is given."""
    now = int(time.time())
    claims = {"iss": issuer.issuer, "aud": AUDIENCE, "exp": now + 300}
    good = issuer.token()
    return {
        "": "missing",
        "nonsense": "malformed",
        "a.b.c": "malformed",
        "x" * 20_000: "malformed",
        good.rpartition(".")[0] + ".": "forged",
        good[:-8] + ("AAAAAAAA" if not good.endswith("AAAAAAAA") else "BBBBBBBB"): "forged",
        jwt.encode(claims, "", "none", headers={"kid": "first"}): "signed by a wrong algorithm",
        _confused(claims): "signed by a wrong algorithm",
        jwt.encode(claims, private_key("first"), "RS256"): "without a key id",
        jwt.encode(claims, private_key("first"), "PS256", headers={"kid": "first"}): "signed by a wrong algorithm",
        issuer.token("other", kid="first"): "forged",
        issuer.token("other"): "signed with an unknown key",
        issuer.token(exp=now - 120): "expired",
        issuer.token(nbf=now + 120): "not yet valid",
        issuer.token(iat=now + 120, drop="nbf"): "not yet valid",
        issuer.token(iss="https://evil.example"): "of a wrong issuer",
        issuer.token(aud="somebody-else"): "of a wrong audience",
        issuer.token(exp="soon"): "malformed",
        issuer.token(drop="exp"): "without exp",
        issuer.token(drop="aud"): "without aud",
        issuer.token(drop="iss"): "without iss",
    }
