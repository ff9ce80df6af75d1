"""ENABLE_AUTH_VALIDATION: nobody but ACS and Event Grid gets at the routes that are theirs."""

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import pytest
from starlette.datastructures import Headers

from app.auth.acs import (
    EVENT_GRID_APPLICATION,
    EVENT_GRID_ROLE,
    SECRET_HEADER,
    AccessRefusedError,
    AcsAccess,
    same_secret,
    validation_on,
)
from config.errors import SettingsError
from config.settings import Settings
from tests.kit.command_line import command
from tests.kit.serving import environment, run, serve_command
from tests.kit.token_issuer import AUDIENCE, TokenIssuer, forged, token_issuer

ACS = {"ACS_ENDPOINT": "https://a.example"}
PUBLIC = {"BASE_URL": "https://voice.example"}
SECRET = "a-secret-delivery-property"
TENANT = "11111111-2222-4333-8444-555555555555"

Require = Callable[[Mapping[str, str]], Awaitable[None]]
DOORS = ("require_callback", "require_media", "require_event_grid")


@asynccontextmanager
async def checking(**environ: str) -> AsyncIterator[tuple[AcsAccess, TokenIssuer]]:
    """Access that asks an issuer of this machine, for ACS and for Entra."""
    async with token_issuer() as issuer:
        base = {
            "ENABLE_AUTH_VALIDATION": "on",
            "ACS_AUDIENCE": AUDIENCE,
            "ACS_ISSUER": issuer.issuer,
            "ACS_JWKS_URL": issuer.jwks_url,
        }
        yield AcsAccess(Settings.read({**base, **environ})), issuer


@asynccontextmanager
async def checking_entra(**environ: str) -> AsyncIterator[tuple[AcsAccess, TokenIssuer]]:
    """The same with Event Grid's delivery protected by Entra."""
    async with checking() as (_, issuer):
        given = {
            "ENABLE_AUTH_VALIDATION": "on",
            "ACS_AUDIENCE": "another-audience",
            "EVENT_GRID_AUDIENCE": AUDIENCE,
            "EVENT_GRID_ISSUER": issuer.issuer,
            "ENTRA_AUTHORITY": issuer.url,
            "AZURE_TENANT_ID": TENANT,
        }
        yield AcsAccess(Settings.read({**given, **environ})), issuer


async def refusal(require: Require, headers: Mapping[str, str]) -> tuple[int, str]:
    with pytest.raises(AccessRefusedError) as refused:
        await require(headers)
    return refused.value.status.value, refused.value.reason


def door(access: AcsAccess, name: str) -> Require:
    require: Require = getattr(access, name)
    return require


@pytest.mark.parametrize(
    ("environ", "on"),
    [
        ({}, False),
        (ACS, False),
        (PUBLIC, False),
        ({**ACS, **PUBLIC}, True),
        ({"ACS_CONNECTION_STRING": "endpoint=https://a.example;accesskey=c2VjcmV0", **PUBLIC}, True),
        ({**ACS, "BASE_URL": "http://127.0.0.1:8000"}, False),
        ({**ACS, "BASE_URL": "http://[::1]:8000"}, False),
        ({**ACS, "BASE_URL": "http://localhost:8000"}, False),
        ({**ACS, "BASE_URL": "http://10.0.0.7:8000"}, True),
        ({**ACS, **PUBLIC, "ENABLE_AUTH_VALIDATION": "off"}, False),
        ({"ENABLE_AUTH_VALIDATION": "on"}, True),
    ],
)
def test_when_it_is_on(environ: dict[str, str], on: bool) -> None:
    assert validation_on(Settings.read(environ)) is on


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        ({**ACS, **PUBLIC}, "ENABLE_AUTH_VALIDATION is on, by itself or by default; it needs ACS_AUDIENCE"),
        (
            {"ENABLE_AUTH_VALIDATION": "on"},
            "ENABLE_AUTH_VALIDATION is on, by itself or by default; it needs ACS_AUDIENCE",
        ),
        (
            {**ACS, **PUBLIC, "ACS_AUDIENCE": AUDIENCE, "EVENT_GRID_AUDIENCE": "x"},
            "EVENT_GRID_AUDIENCE is set; it needs AZURE_TENANT_ID",
        ),
        (
            {**ACS, **PUBLIC, "ACS_AUDIENCE": AUDIENCE, "ACS_JWKS_URL": "http://keys.example/keys"},
            "ACS_JWKS_URL must be https://...: whoever changes keys on their way here could forge tokens",
        ),
        (
            {
                "BROWSER_AUTH": "entra",
                "AZURE_TENANT_ID": TENANT,
                "AZURE_CLIENT_ID": "x",
                "ENTRA_AUTHORITY": "http://login.example",
            },
            "ENTRA_AUTHORITY must be https://...: whoever changes keys on their way here could forge tokens",
        ),
        ({"BROWSER_AUTH": "entra"}, "BROWSER_AUTH is entra; it needs AZURE_TENANT_ID and AZURE_CLIENT_ID"),
    ],
)
def test_what_is_missing_is_one_line(environ: dict[str, str], line: str) -> None:
    ended = command("check", **environ)
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", line + "\n")


def test_a_server_says_so_in_the_same_line() -> None:
    ended = run(*serve_command(""), **ACS, **PUBLIC)
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", command("check", **ACS, **PUBLIC).stderr)


def test_the_check_says_what_is_demanded() -> None:
    lines = command("check", **ACS, **PUBLIC, ACS_AUDIENCE=AUDIENCE).stdout.splitlines()
    assert "BROWSER_AUTH: token" in lines
    assert "ENABLE_AUTH_VALIDATION: on" in lines
    assert (
        "warning: no call that comes in is answered, as Event Grid deliveries are refused: neither EVENT_GRID_SECRET "
        "nor EVENT_GRID_AUDIENCE is set"
    ) in lines
    assert environment()["HOST"] == "127.0.0.1"


def test_the_check_warns_where_nothing_says_what_the_network_has_to_prove() -> None:
    reached = {"HOST": "0.0.0.0", "BASE_URL": "http://localhost:8000"}
    lines = command("check", **ACS, **reached).stdout.splitlines()
    told = "warning: no call that comes in is answered: HOST is public, BASE_URL is local"
    assert any(line.startswith(told) for line in lines)
    lines = command("check", **ACS, **reached, ENABLE_AUTH_VALIDATION="off").stdout.splitlines()
    assert not any(line.startswith(told) for line in lines)


@pytest.mark.parametrize("name", DOORS)
async def test_off_lets_everybody_pass(name: str) -> None:
    access = AcsAccess(Settings.read({"EVENT_GRID_SECRET": SECRET, "EVENT_GRID_AUDIENCE": "x"}))
    assert not access.on
    await door(access, name)({})


@pytest.mark.parametrize("name", ["require_callback", "require_media"])
async def test_acs_passes_and_nobody_else(name: str) -> None:
    async with checking() as (access, issuer):
        require = door(access, name)
        await require(issuer.as_bearer())
        await require(Headers({"Authorization": f"Bearer {issuer.token()}"}))
        expected = {token: (401, f"token {reason}") for token, reason in forged(issuer).items()}
        assert {t: await refusal(require, {"authorization": f"Bearer {t}"}) for t in expected} == expected
        for headers in ({}, {"authorization": f"Basic {issuer.token()}"}, {"authorization": issuer.token()}):
            assert await refusal(require, headers) == (401, "token missing")


@pytest.mark.parametrize("name", ["require_callback", "require_media"])
async def test_nobody_passes_while_the_keys_cannot_be_had(name: str) -> None:
    async with checking() as (access, issuer):
        issuer.failing = True
        with pytest.raises(AccessRefusedError) as refused:
            await door(access, name)(issuer.as_bearer())
        assert refused.value.status is HTTPStatus.SERVICE_UNAVAILABLE
        problem = refused.value.problem()
        assert (problem.status, problem.headers) == (HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": "5"})


async def test_event_grid_shows_its_secret() -> None:
    async with checking(EVENT_GRID_SECRET=SECRET) as (access, issuer):
        require = access.require_event_grid
        await require({SECRET_HEADER: SECRET})
        await require(Headers({"X-Earshot-Event-Grid-Secret": SECRET}))
        assert await refusal(require, {}) == (401, f"{SECRET_HEADER} is missing")
        assert await refusal(require, issuer.as_bearer()) == (401, f"{SECRET_HEADER} is missing")
        for wrong in ("x", SECRET + "x", SECRET[:-1], "ключ"):
            assert await refusal(require, {SECRET_HEADER: wrong}) == (403, f"{SECRET_HEADER} is wrong")


async def test_event_grid_without_any_proof_configured_is_refused() -> None:
    async with checking() as (access, issuer):
        status, reason = await refusal(access.require_event_grid, issuer.as_bearer())
        assert (status, "EVENT_GRID_SECRET" in reason) == (503, True)


@pytest.mark.parametrize(
    "claims",
    [
        {"roles": [EVENT_GRID_ROLE]},
        {"roles": ["Other", EVENT_GRID_ROLE], "azp": "somebody"},
        {"azp": EVENT_GRID_APPLICATION},
        {"appid": EVENT_GRID_APPLICATION},
    ],
)
async def test_event_grid_shows_its_token(claims: dict[str, Any]) -> None:
    async with checking_entra() as (access, issuer):
        await access.require_event_grid(issuer.as_bearer(**claims))


async def test_no_other_token_is_event_grids() -> None:
    async with checking_entra() as (access, issuer):
        require = access.require_event_grid
        expected = {token: (401, f"token {reason}") for token, reason in forged(issuer).items()}
        assert {t: await refusal(require, {"authorization": f"Bearer {t}"}) for t in expected} == expected
        strangers: tuple[dict[str, Any], ...] = (
            {},
            {"azp": "somebody"},
            {"roles": EVENT_GRID_ROLE},
            {"roles": ["Reader"]},
        )
        for claims in strangers:
            assert await refusal(require, issuer.as_bearer(**claims)) == (403, "the token is not Event Grid's")
        issuer.failing = True
        assert (await refusal(require, {"authorization": f"Bearer {issuer.token(kid='third')}"}))[0] == 401


async def test_event_grid_is_not_let_in_while_the_keys_cannot_be_had() -> None:
    async with checking_entra() as (access, issuer):
        issuer.failing = True
        assert (await refusal(access.require_event_grid, issuer.as_bearer(azp=EVENT_GRID_APPLICATION)))[0] == 503


async def test_the_tenant_is_the_issuer_in_either_of_its_names() -> None:
    async with checking_entra(EVENT_GRID_ISSUER="") as (access, issuer):
        for name in (f"{issuer.url}/{TENANT}/v2.0", f"https://sts.windows.net/{TENANT}/"):
            await access.require_event_grid(issuer.as_bearer(iss=name, azp=EVENT_GRID_APPLICATION))
        for name in (issuer.issuer, "https://sts.windows.net/another/", f"{issuer.url}/another/v2.0"):
            refused = await refusal(access.require_event_grid, issuer.as_bearer(iss=name, azp=EVENT_GRID_APPLICATION))
            assert refused == (401, "token of a wrong issuer")


async def test_where_both_proofs_are_configured_both_are_demanded() -> None:
    async with checking_entra(EVENT_GRID_SECRET=SECRET) as (access, issuer):
        token = issuer.as_bearer(azp=EVENT_GRID_APPLICATION)
        await access.require_event_grid({**token, SECRET_HEADER: SECRET})
        assert (await refusal(access.require_event_grid, token))[0] == 401
        assert await refusal(access.require_event_grid, {SECRET_HEADER: SECRET}) == (401, "token missing")


async def test_a_token_of_acs_opens_nothing_of_event_grids_and_the_other_way_round() -> None:
    async with checking_entra() as (access, issuer):
        acs = issuer.as_bearer(aud="another-audience", azp=EVENT_GRID_APPLICATION)
        assert await refusal(access.require_event_grid, acs) == (401, "token of a wrong audience")
    async with checking() as (access, issuer):
        grid = issuer.as_bearer(aud="api://earshot", azp=EVENT_GRID_APPLICATION)
        assert await refusal(access.require_callback, grid) == (401, "token of a wrong audience")


async def test_operators_are_told_why_once_a_while_and_nothing_secret(caplog: pytest.LogCaptureFixture) -> None:
    async with checking(EVENT_GRID_SECRET=SECRET) as (access, issuer):
        token = issuer.token(exp=int(time.time()) - 100)
        with caplog.at_level(logging.WARNING, "earshot.access"):
            for _ in range(20):
                await refusal(access.require_callback, {"authorization": f"Bearer {token}"})
                await refusal(access.require_event_grid, {SECRET_HEADER: "guessed-secret"})
        records = [record for record in caplog.records if record.name == "earshot.access"]
        assert [record.getMessage() for record in records] == [
            "an ACS callback is refused: token expired",
            f"an Event Grid delivery is refused: {SECRET_HEADER} is wrong",
        ]
        told = [record.__dict__ for record in records]
        assert not any(secret in str(told) for secret in (token, "guessed-secret", SECRET))


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("abc", "abc", True),
        ("abc", "abd", False),
        ("abc", "ab", False),
        ("", "", False),
        ("é", "é", True),
        ("a", "", False),
    ],
)
def test_secrets_are_compared(a: str, b: str, same: bool) -> None:
    assert same_secret(a, b) is same


def test_the_defaults_are_those_of_acs() -> None:
    settings = Settings()
    assert settings.acs.issuer == "https://acscallautomation.communication.azure.com"
    assert settings.acs.jwks_url == f"{settings.acs.issuer}/calling/keys"


def test_a_missing_audience_is_found_when_the_access_is_made() -> None:
    with pytest.raises(SettingsError):
        AcsAccess(Settings.read({"ENABLE_AUTH_VALIDATION": "on"}))
