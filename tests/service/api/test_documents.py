"""The documents of a running worker: complete, valid, and true of what it answers."""

import asyncio
import re
from typing import Any
from urllib.parse import urljoin

import httpx
import jsonschema_rs
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.api.asgi import app_of
from app.api.request_target import PlainPath
from app.auth.route_table import SOCKET, STATIC_FILES, served
from tests.kit.service_kit import running
from tests.kit.source import ROOT


async def fetched(*paths: str, **environ: str) -> list[httpx.Response]:
    async with running(environ) as service:
        transport = httpx.ASGITransport(app_of(service))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return [await client.get(path) for path in paths]


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    (answer,) = asyncio.run(fetched("/openapi.json"))
    document: dict[str, Any] = answer.json()
    return document


def test_it_is_valid(openapi: dict[str, Any]) -> None:
    assert list(OpenAPIV31SpecValidator(openapi).iter_errors()) == []


def test_a_document_that_is_not_valid_is_seen(openapi: dict[str, Any]) -> None:
    broken = {**openapi, "info": {"title": "Without a version"}}
    assert list(OpenAPIV31SpecValidator(broken).iter_errors()) != []


async def test_every_route_of_the_worker_is_in_a_document() -> None:
    async with running() as service:
        app = app_of(service)
        assert isinstance(app, PlainPath)
        routes = {
            (method, STATIC_FILES if path.startswith("/static/") else path)
            for method, path in served(app._app.routes)  # type: ignore[attr-defined]
        }
    rest, sockets = [answer.json() for answer in await fetched("/openapi.json", "/asyncapi.json")]
    assert {(method, path) for method, path in routes if method != SOCKET} == {
        (method.upper(), path) for path, methods in rest["paths"].items() for method in methods
    }
    assert {path for method, path in routes if method == SOCKET} == {
        channel["address"] for channel in sockets["channels"].values()
    }


async def test_what_the_guide_tells_of_messages_fields_and_close_codes_is_in_a_document() -> None:
    rows = re.findall(r"^\|.*\|$", (ROOT / "docs/api.md").read_text("utf-8"), re.MULTILINE)
    told = {name for row in rows for name in re.findall(r"`([a-z_]+)`", row)}
    codes = {code for row in rows for code in re.findall(r"^\| (1\d{3}) ", row)}
    assert {"exactness", "ended_reason", "agent_changed", "draining", "pong"} <= told
    rest, sockets = [answer.text for answer in await fetched("/openapi.json", "/asyncapi.json")]
    assert [name for name in sorted(told) if f'"{name}"' not in rest + sockets] == []
    assert codes == set(re.findall(r"\b(1\d{3}): ", sockets))


def test_every_operation_says_what_it_is_for_and_is_named_once(openapi: dict[str, Any]) -> None:
    operations = [operation for methods in openapi["paths"].values() for operation in methods.values()]
    assert [operation["operationId"] for operation in operations if not operation["summary"]] == []
    assert len({operation["operationId"] for operation in operations}) == len(operations)


def test_examples_are_what_their_schemas_allow(openapi: dict[str, Any]) -> None:
    contents = [
        content
        for methods in openapi["paths"].values()
        for operation in methods.values()
        for holder in (operation.get("requestBody", {}), *operation["responses"].values())
        for content in holder.get("content", {}).values()
        if "example" in content
    ]
    assert len(contents) > 100
    for content in contents:
        schema = {**content["schema"], "components": openapi["components"]}
        jsonschema_rs.Draft202012Validator(schema).validate(content["example"])


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/health",
        "/api/v1/health/live",
        "/api/v1/readiness",
        "/api/v1/health/actors",
        "/api/v1/realtime/status",
        "/api/v1/sessions",
        "/api/v1/agents",
        "/api/v1/calls",
        "/api/v1/media/status",
    ],
)
async def test_what_is_answered_is_as_described(openapi: dict[str, Any], path: str) -> None:
    (answer,) = await fetched(path)
    described = openapi["paths"][path]["get"]["responses"][str(answer.status_code)]
    schema = {**described["content"]["application/json"]["schema"], "components": openapi["components"]}
    jsonschema_rs.Draft202012Validator(schema).validate(answer.json())


async def test_a_document_says_where_the_server_is() -> None:
    (here,) = await fetched("/asyncapi.json")
    assert here.json()["servers"] == {"earshot": {"host": "localhost", "protocol": "ws"}}
    (public,) = await fetched("/asyncapi.json", BASE_URL="https://voice.example", ALLOWED_HOSTS="localhost")
    assert public.json()["servers"] == {"earshot": {"host": "voice.example", "protocol": "wss"}}


async def test_they_can_be_switched_off() -> None:
    for answer in await fetched("/docs", "/openapi.json", "/asyncapi.json", ENABLE_DOCS="off"):
        assert answer.status_code == 404
        assert answer.json()["detail"] == "the API is not described here: ENABLE_DOCS is off"
    for answer in await fetched("/docs", "/openapi.json", "/asyncapi.json"):
        assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/", "//", "/docs", "/docs/", "/console", "/console/"])
async def test_whatever_a_page_is_made_of_is_there_with_and_without_a_trailing_slash(path: str) -> None:
    async with running() as service:
        transport = httpx.ASGITransport(app_of(service), client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            page = await client.get(path)
            assert page.headers["content-type"].startswith("text/html")
            named = re.findall(r'(?:src|href)="([^"#]+)"', page.text)
            assert "/static/earshot.svg" in named
            for name in named:
                answer = await client.get(urljoin(f"http://localhost{path}", name))
                assert answer.status_code == 200, name
