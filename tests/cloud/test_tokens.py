"""Tokens and forgeries, read as an application reads them: by PyJWT against the published keys."""

import asyncio
import time
from typing import Any

import httpx
import jwt
import pytest

from tests.cloud.acs.emulator import AUDIENCE, ISSUER, AcsEmulator
from tests.cloud.tokens import FORGERIES, Forgery, TokenIssuer


async def read(acs: AcsEmulator, token: str) -> dict[str, Any]:
    """As PyJWT reads it; its key client blocks, so it has a thread."""

    def decode() -> dict[str, Any]:
        key = jwt.PyJWKClient(acs.jwks_url).get_signing_key_from_jwt(token)
        claims: dict[str, Any] = jwt.decode(
            token,
            key.key,
            algorithms=["RS256"],
            audience=AUDIENCE,
            issuer=ISSUER,
            options={"require": ["exp", "iss", "aud"]},
        )
        return claims

    return await asyncio.to_thread(decode)


async def test_a_token_is_good_and_like_no_other(acs: AcsEmulator) -> None:
    first, second = acs.tokens.issue(), acs.tokens.issue()
    assert first != second
    claims = await read(acs, first)
    assert claims["exp"] - claims["iat"] == 300
    assert acs.tokens.verify(first)["iss"] == ISSUER


@pytest.mark.parametrize("kind", FORGERIES)
async def test_a_forgery_is_refused(kind: Forgery, acs: AcsEmulator) -> None:
    with pytest.raises(jwt.PyJWTError):
        await read(acs, acs.forge(kind))
    with pytest.raises(jwt.PyJWTError):
        acs.tokens.verify(acs.forge(kind))


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("expired", jwt.ExpiredSignatureError),
        ("not_yet_valid", jwt.ImmatureSignatureError),
        ("no_expiry", jwt.MissingRequiredClaimError),
        ("wrong_issuer", jwt.InvalidIssuerError),
        ("wrong_audience", jwt.InvalidAudienceError),
        ("wrong_key", jwt.InvalidSignatureError),
        ("unsigned", jwt.InvalidTokenError),
        ("public_key_as_secret", jwt.InvalidAlgorithmError),
    ],
)
def test_a_forgery_is_wrong_in_one_thing_only(kind: Forgery, what: type[Exception]) -> None:
    with pytest.raises(what):
        TokenIssuer(ISSUER, AUDIENCE).verify(TokenIssuer(ISSUER, AUDIENCE).forge(kind))


async def test_keys_change(acs: AcsEmulator) -> None:
    before = acs.tokens.issue()
    acs.tokens.rotate()
    after = acs.tokens.issue()
    await read(acs, before)
    await read(acs, after)
    acs.tokens.withdraw()
    await read(acs, after)
    with pytest.raises(jwt.PyJWTError):
        await read(acs, before)


def test_two_issuers_do_not_read_each_other() -> None:
    with pytest.raises(jwt.InvalidTokenError):
        TokenIssuer("https://a.invalid", AUDIENCE).verify(TokenIssuer("https://b.invalid", AUDIENCE).issue())


async def test_the_configuration_says_where_the_keys_are(acs: AcsEmulator) -> None:
    async with httpx.AsyncClient() as client:
        configuration = (await client.get(acs.openid_url)).json()
        keys = (await client.get(configuration["jwks_uri"])).json()["keys"]
    assert configuration["issuer"] == ISSUER
    assert [(key["kty"], key["alg"], key["use"]) for key in keys] == [("RSA", "RS256", "sig")]
    assert "d" not in keys[0]


def test_a_lifetime_may_be_given() -> None:
    claims = TokenIssuer(ISSUER, AUDIENCE).verify(TokenIssuer(ISSUER, AUDIENCE).issue(ttl_s=86_400, tid="t"))
    assert claims["exp"] - time.time() == pytest.approx(86_400, abs=5)
    assert claims["tid"] == "t"
