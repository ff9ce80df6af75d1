"""Tokens of an identity: every object that lives longer than one is given the next in time."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, NamedTuple

import pytest

from actors.errors import ErrorKind
from actors.runtime.clock import LoopClock, run_virtual
from app.providers.azure.credential import Credential
from app.providers.azure.identity import SCOPE, Identity, NoTokenError

TTL_S = 2.0


class AccessToken(NamedTuple):
    """As `azure.core.credentials` has it."""

    token: str
    expires_on: int


class Tokens:
    """A credential whose tokens live for `ttl_s`; the first `refusals` requests fail."""

    def __init__(self, ttl_s: float = TTL_S, refusals: int = 0) -> None:
        self.ttl_s = ttl_s
        self.refusals = refusals
        self.given = 0
        self.asked = 0
        self.closed = False

    async def get_token(self, *scopes: str) -> AccessToken:
        assert scopes == (SCOPE,)
        self.asked += 1
        if self.refusals > 0:
            self.refusals -= 1
            raise PermissionError("a long story, with names of tenants in it")
        self.given += 1
        # Whole seconds, as they come.
        return AccessToken(f"token-{self.given}", round(time.time() + self.ttl_s))

    async def close(self) -> None:
        self.closed = True


def made(credential: Tokens) -> Credential:
    return credential  # type: ignore[return-value]


async def test_a_token_is_asked_for_once() -> None:
    tokens = Tokens(ttl_s=3_600)
    identity = Identity(lambda: made(tokens))
    assert set(await asyncio.gather(*(identity.token() for _ in range(5)))) == {"token-1"}
    assert tokens.given == 1
    await identity.close()
    assert tokens.closed


def run_on_virtual_time(main: Coroutine[Any, Any, None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run `main` where tokens age on the loop's clock."""

    async def aging() -> None:
        monkeypatch.setattr(time, "time", LoopClock().wall)
        await main

    run_virtual(aging())


def test_what_lives_longer_is_given_the_next_after_four_fifths_of_the_life_of_its_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        tokens = Tokens()
        identity = Identity(lambda: made(tokens))
        await identity.token()
        told: asyncio.Queue[str] = asyncio.Queue()
        gone: list[str] = []
        identity.follow("here", told.put_nowait)
        identity.follow("gone", gone.append)
        identity.leave("gone")
        assert await told.get() == "token-2"
        assert asyncio.get_running_loop().time() == pytest.approx(0.8 * TTL_S)
        assert await identity.token() == "token-2"
        assert gone == []
        await identity.close()

    run_on_virtual_time(main(), monkeypatch)


def test_a_renewal_that_fails_is_tried_again_a_second_later(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        tokens = Tokens()
        identity = Identity(lambda: made(tokens))
        await identity.token()
        tokens.refusals = 1
        told: asyncio.Queue[str] = asyncio.Queue()
        identity.follow("here", told.put_nowait)
        assert await told.get() == "token-2"
        assert asyncio.get_running_loop().time() == pytest.approx(0.8 * TTL_S + 1)
        await identity.close()

    run_on_virtual_time(main(), monkeypatch)
    assert "could not be renewed" in caplog.text
    assert "tenants" not in caplog.text


async def test_no_token_is_said_clearly() -> None:
    identity = Identity(lambda: made(Tokens(refusals=9)))
    with pytest.raises(NoTokenError, match="AZURE_SPEECH_KEY") as refused:
        await identity.token()
    assert refused.value.failure.kind is ErrorKind.AUTHENTICATION
    assert "tenants" not in str(refused.value)
    await identity.close()


async def test_a_credential_that_cannot_be_made_is_no_token() -> None:
    def broken() -> Credential:
        raise ValueError("AZURE_TENANT_ID is wrong")

    identity = Identity(broken)
    with pytest.raises(NoTokenError):
        await identity.token()
    await identity.close()


async def test_a_token_that_the_service_refuses_is_asked_for_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    credential = Tokens(ttl_s=600)
    identity = Identity(lambda: made(credential))
    told: list[str] = []
    try:
        assert await identity.token() == "token-1"
        identity.follow("who", told.append)
        identity.doubt()
        # So soon, it is not the token that is wrong.
        assert await identity.token() == "token-1"
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + 10)
        identity.doubt()
        assert await identity.token() == "token-2"
        assert told == ["token-2"]
    finally:
        await identity.close()


async def test_a_token_that_the_service_refuses_is_not_asked_for_where_it_would_be_given_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As azure-identity does: whoever has a token gives that, until its time is over."""

    class Keeping(Tokens):
        kept: AccessToken | None = None

        async def get_token(self, *scopes: str) -> AccessToken:
            self.kept = self.kept or await super().get_token(*scopes)
            return self.kept._replace(token=f"{self.kept.token} of {len(made_so_far)}")

    made_so_far: list[Tokens] = []

    def make() -> Credential:
        made_so_far.append(Keeping(ttl_s=600))
        return made(made_so_far[-1])

    identity = Identity(make)
    try:
        assert await identity.token() == "token-1 of 1"
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + 10)
        identity.doubt()
        assert await identity.token() == "token-1 of 2"
        assert [credential.closed for credential in made_so_far] == [True, False]
    finally:
        await identity.close()
