"""The app of one worker as a server runs it: its life around the requests, and what it answers that no route does."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from starlette.routing import Route
from starlette.types import ASGIApp, Message

from app.api import asgi
from app.api.asgi import app_of_worker, create_app
from app.assembly import Assembly
from app.auth.route_table import UnlistedRouteError
from app.server.lifecycle import Lifecycle
from config.errors import SettingsError
from config.settings import Settings
from tests.kit.service_kit import FAKES, running


@asynccontextmanager
async def alive(app: ASGIApp) -> AsyncIterator[None]:
    """Run the lifespan of an app, as a server does."""
    given, answered = asyncio.Queue[Message](), asyncio.Queue[Message]()
    scope = {"type": "lifespan", "asgi": {"version": "3.0"}}
    life = asyncio.ensure_future(app(scope, given.get, answered.put))
    try:
        async with asyncio.timeout(60):
            await given.put({"type": "lifespan.startup"})
            assert (await answered.get())["type"] == "lifespan.startup.complete"
        yield
        async with asyncio.timeout(60):
            await given.put({"type": "lifespan.shutdown"})
            assert (await answered.get())["type"] == "lifespan.shutdown.complete"
    finally:
        life.cancel()


def client_of(app: ASGIApp) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False, client=("127.0.0.1", 1)),
        base_url="http://localhost",
    )


async def test_the_worker_starts_before_the_first_request_and_stops_after_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []
    for name in ("start", "stop"):
        whole: Any = getattr(Assembly, name)

        async def noted(worker: Assembly, name: str = name, whole: Any = whole) -> None:
            done.append(name)
            await whole(worker)

        monkeypatch.setattr(Assembly, name, noted)
    app = create_app(Settings.read(FAKES), Lifecycle())
    assert done == []
    async with alive(app), client_of(app) as client:
        assert done == ["start"]
        assert (await client.get("/api/v1/health")).status_code == 200
    assert done == ["start", "stop"]


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/nothing"])
async def test_a_path_without_a_route_is_a_problem_and_leads_nowhere_else(path: str) -> None:
    async with running() as service, client_of(asgi.app_of(service)) as client:
        answer = await client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_a_route_that_fails_is_a_problem_without_the_words_of_the_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running() as service:

        def fails() -> bool:
            raise ZeroDivisionError("of somebody")

        app = asgi.app_of(service)
        monkeypatch.setattr(service.lifecycle, "admits", fails)
        async with client_of(app) as client:
            answer = await client.get("/api/v1/readiness")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "of somebody" not in answer.text


async def test_an_app_with_a_route_that_no_check_lists_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(_: Any) -> None: ...

    monkeypatch.setattr(asgi, "page_routes", lambda documented: [Route("/unlisted", answer)])
    async with running() as service:
        with pytest.raises(UnlistedRouteError, match="/unlisted"):
            app_of_worker(Assembly(service))


async def test_a_configuration_that_cannot_be_used_refuses_the_start_and_warns_of_nothing_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(asgi, "misspelt_variables", lambda: ["LOG_LEVLE is no variable of Earshot"])
    with caplog.at_level(logging.WARNING):
        with pytest.raises(SettingsError):
            create_app(Settings.read({**FAKES, "REDIS_URL": "redis://h", "REDIS_HOST": "h"}), Lifecycle())
        assert caplog.messages == []
        async with alive(create_app(Settings.read(FAKES), Lifecycle())):
            pass
    assert "LOG_LEVLE is no variable of Earshot" in caplog.messages
