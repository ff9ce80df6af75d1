"""The tokens of others: what is accepted, what never is, and that an issuer in trouble or a flood hurts nobody."""

import asyncio
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import RSAAlgorithm

from app.auth import jwt as signed_tokens
from app.auth.jwt import SigningKeys, TokenError, TokensUnavailableError, TokenVerifier, bearer_of, header_of
from tests.kit.token_issuer import AUDIENCE, TokenIssuer, forged, public_entry, token_issuer


class Hands:
    """A clock that is turned by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def verifier(issuer: TokenIssuer, hands: Hands | None = None) -> TokenVerifier:
    keys = SigningKeys(issuer.jwks_url, hands or Hands())
    return TokenVerifier(issuer.issuer, AUDIENCE, issuer.jwks_url, keys=keys)


async def test_a_good_token_gives_its_claims() -> None:
    async with token_issuer() as issuer:
        claims = await TokenVerifier(issuer.issuer, AUDIENCE, issuer.jwks_url).verify(issuer.token(appid="x"))
        assert (claims["appid"], claims["aud"]) == ("x", AUDIENCE)


async def test_clocks_may_differ_by_a_little() -> None:
    async with token_issuer() as issuer:
        now = int(time.time())
        await verifier(issuer).verify(issuer.token(exp=now - 30))
        await verifier(issuer).verify(issuer.token(nbf=now + 30, iat=now + 30))


async def test_no_forgery_is_accepted_and_each_is_named() -> None:
    async with token_issuer() as issuer:
        check = verifier(issuer)
        given_reasons = {}
        for token in (expected := forged(issuer)):
            with pytest.raises(TokenError) as refused:
                await check.verify(token)
            given_reasons[token] = refused.value.reason
        assert given_reasons == expected


async def test_what_cannot_be_a_token_of_the_issuer_costs_no_fetch() -> None:
    async with token_issuer() as issuer:
        check = verifier(issuer)
        cheap = [
            t for t, why in forged(issuer).items() if why in ("missing", "malformed", "signed by a wrong algorithm")
        ]
        for token in cheap:
            if "." not in token or jwt_alg(token) != "RS256":
                with pytest.raises(TokenError):
                    await check.verify(token)
        assert issuer.fetches == 0


def jwt_alg(token: str) -> str:
    try:
        return str(header_of(token).get("alg"))
    except TokenError:
        return ""


@given(st.text(max_size=200) | st.from_regex(r"[A-Za-z0-9_-]{0,20}(\.[A-Za-z0-9_-]{0,20}){1,3}", fullmatch=True))
def test_nothing_that_is_sent_as_a_token_raises_anything_else(token: str) -> None:
    try:
        header_of(token)
    except TokenError as error:
        reason = error.reason
    else:
        reason = ""
    assert reason in ("", "missing", "malformed")


async def test_keys_are_fetched_once_however_many_wait() -> None:
    async with token_issuer() as issuer:
        check = verifier(issuer)
        issuer.open.clear()
        waiting = [asyncio.ensure_future(check.verify(issuer.token())) for _ in range(50)]
        await issuer.asked.wait()
        waiting[0].cancel()
        issuer.open.set()
        ended = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(ended[0], asyncio.CancelledError)
        assert all(isinstance(claims, dict) for claims in ended[1:])
        await check.verify(issuer.token())
        assert issuer.fetches == 1


async def test_made_up_key_ids_are_no_flood_of_fetches() -> None:
    async with token_issuer() as issuer:
        hands = Hands()
        check = verifier(issuer, hands)
        await check.verify(issuer.token())
        hands.now += 10
        results = await asyncio.gather(
            *(check.verify(issuer.token(kid=f"made-up-{n}")) for n in range(100)), return_exceptions=True
        )
        assert {str(error) for error in results} == {"signed with an unknown key"}
        assert issuer.fetches == 2
        hands.now += 10
        with pytest.raises(TokenError):
            await check.verify(issuer.token(kid="made-up"))
        assert issuer.fetches == 3


async def test_a_rotated_key_is_found() -> None:
    async with token_issuer() as issuer:
        hands = Hands()
        check = verifier(issuer, hands)
        await check.verify(issuer.token())
        issuer.keys = [public_entry("second")]
        hands.now += 6
        await check.verify(issuer.token("second"))
        with pytest.raises(TokenError, match="unknown key"):
            await check.verify(issuer.token("first"))


async def test_old_keys_are_renewed_beside_the_work() -> None:
    async with token_issuer() as issuer:
        hands = Hands()
        check = verifier(issuer, hands)
        await check.verify(issuer.token())
        issuer.keys = [public_entry("second")]
        issuer.open.clear()
        hands.now += 3_601
        await check.verify(issuer.token())
        issuer.open.set()
        await check.verify(issuer.token("second"))
        assert issuer.fetches == 2


async def test_keys_outlive_an_outage_of_the_issuer() -> None:
    async with token_issuer() as issuer:
        hands = Hands()
        check = verifier(issuer, hands)
        await check.verify(issuer.token())
        issuer.failing = True
        hands.now += 10_000
        for _ in range(3):
            await check.verify(issuer.token())
        hands.now += 10
        with pytest.raises(TokensUnavailableError):
            await check.verify(issuer.token("second"))
        issuer.failing = False
        issuer.keys.append(public_entry("second"))
        hands.now += 2
        await check.verify(issuer.token("second"))


@pytest.mark.parametrize(
    "body",
    [
        b"", b"not json", b"[]", b"null", b'{"keys": 1}', b'{"keys": []}',
        b"[" * 100_000,
        b'{"keys": [1, {"kty": "RSA", "kid": "first"}]}',
        b'{"keys": [{"kty": "oct", "kid": "first", "k": "c2VjcmV0"}]}', b" " * 300_000,
    ],
)  # fmt: skip
async def test_no_usable_keys_are_no_keys(body: bytes) -> None:
    async with token_issuer() as issuer:
        issuer.body = body
        with pytest.raises(TokensUnavailableError):
            await verifier(issuer).verify(issuer.token())


async def test_weak_keys_and_keys_for_encryption_are_not_used() -> None:
    async with token_issuer() as issuer:
        weak = rsa.generate_private_key(public_exponent=65_537, key_size=1_024).public_key()
        issuer.keys = [
            {**json.loads(RSAAlgorithm.to_jwk(weak)), "kid": "weak"},
            {**public_entry("first"), "use": "enc"},
            public_entry("second"),
        ]
        check = verifier(issuer)
        await check.verify(issuer.token("second"))
        for token in (issuer.token("first"), issuer.token("first", kid="weak")):
            with pytest.raises(TokenError, match="unknown key"):
                await check.verify(token)


async def test_an_issuer_that_is_not_there_is_not_asked_by_everybody() -> None:
    async with token_issuer() as issuer:
        issuer.failing = True
        hands = Hands()
        check = verifier(issuer, hands)
        for _ in range(20):
            with pytest.raises(TokensUnavailableError):
                await check.verify(issuer.token())
        assert issuer.fetches == 1
        hands.now += 1
        issuer.failing = False
        await check.verify(issuer.token())


async def test_an_address_where_nobody_listens_is_no_keys() -> None:
    async with token_issuer() as issuer:
        token = issuer.token()
    with pytest.raises(TokensUnavailableError):
        await verifier(issuer).verify(token)


async def test_an_issuer_that_does_not_answer_is_given_up_and_the_loop_turns_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.auth.jwt.FETCH_TIMEOUT_S", 1.0)
    async with token_issuer() as issuer:
        issuer.open.clear()
        check = asyncio.ensure_future(verifier(issuer).verify(issuer.token()))
        turns = 0
        while not check.done():
            await asyncio.sleep(0.005)
            turns += 1
        assert isinstance(check.exception(), TokensUnavailableError)
        # Of a loop that is held up there is one. This machine may have little time for it, but has some.
        assert turns > 3


@pytest.mark.parametrize(("issuer", "audience"), [("", "a"), ("i", "")])
def test_a_check_of_nothing_cannot_be_made(issuer: str, audience: str) -> None:
    with pytest.raises(ValueError, match="issuer and an audience"):
        TokenVerifier(issuer, audience, "http://127.0.0.1:1/keys")


@pytest.mark.parametrize(
    ("header", "token"),
    [("Bearer abc", "abc"), ("bearer  abc ", "abc"), ("Basic abc", ""), ("abc", ""), ("", "")],
)
def test_the_token_of_a_header(header: str, token: str) -> None:
    assert bearer_of({"authorization": header}) == token


def test_a_header_without_claims_is_not_believed() -> None:
    assert header_of(jwt.encode({}, "x" * 32, "HS256"))["alg"] == "HS256"


async def test_keys_that_are_kept_are_there_before_the_first_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signed_tokens, "FRESH_S", 0.1)
    async with token_issuer() as issuer:
        keys = SigningKeys(issuer.jwks_url)
        keeping = asyncio.create_task(keys.keep())
        async with asyncio.timeout(60):
            while issuer.fetches < 3:  # noqa: ASYNC110  nobody is told
                await asyncio.sleep(0.01)
        keeping.cancel()
        await asyncio.wait([keeping])
        fetches = issuer.fetches
        await TokenVerifier(issuer.issuer, AUDIENCE, issuer.jwks_url, keys=keys).verify(issuer.token())
        assert issuer.fetches == fetches


async def test_a_token_that_comes_before_the_keys_waits_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signed_tokens, "KEEP_PAUSES_S", (0.1,))
    async with token_issuer() as issuer:
        keys = SigningKeys("http://127.0.0.1:9/keys")
        keeping = asyncio.create_task(keys.keep())
        check = TokenVerifier(issuer.issuer, AUDIENCE, issuer.jwks_url, keys=keys)
        verifying = asyncio.create_task(check.verify(issuer.token()))
        await asyncio.sleep(0.5)
        assert not verifying.done()
        monkeypatch.setattr(keys, "_url", issuer.jwks_url)
        assert (await asyncio.wait_for(verifying, 60))["aud"] == AUDIENCE
        keeping.cancel()


async def test_nobody_waits_for_long_or_in_a_crowd_for_keys_that_do_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signed_tokens, "WAIT_S", 1.0)
    monkeypatch.setattr(signed_tokens, "MOST_WAITING", 2)
    async with token_issuer() as issuer:
        keys = SigningKeys("http://127.0.0.1:9/keys")
        keeping = asyncio.create_task(keys.keep())
        await asyncio.sleep(0.05)
        check = TokenVerifier(issuer.issuer, AUDIENCE, issuer.jwks_url, keys=keys)
        first = [asyncio.create_task(check.verify(issuer.token())) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(TokensUnavailableError):
            await check.verify(issuer.token())
        # It was not waited: the two before it wait still.
        assert not any(task.done() for task in first)
        for result in await asyncio.gather(*first, return_exceptions=True):
            assert isinstance(result, TokensUnavailableError)
        keeping.cancel()
