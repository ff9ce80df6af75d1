"""Whether a Speech resource answers and lets us in, as a WebSocket that is opened and closed again shows."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest
from aiohttp import web

from actors.errors import ErrorKind
from app.providers.azure import probe as module
from app.providers.azure.failures import Failure
from app.providers.azure.probe import Probe
from app.providers.azure.resource import SpeechResource
from config.secret import Secret

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Service:
    """A service that answers so, and what it was shown."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.shown: list[dict[str, str]] = []
        self.url = ""

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.shown.append(dict(request.headers))
        return await self._answer(request)


@asynccontextmanager
async def service(answer: Answer) -> AsyncIterator[Service]:
    served = Service(answer)
    app = web.Application()
    app.router.add_get("/stt", served.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    served.url = f"http://{host}:{port}/stt"
    try:
        yield served
    finally:
        await runner.cleanup()


async def welcome(request: web.Request) -> web.StreamResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.receive()
    return socket


def refusal(status: int) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status)

    return answer


async def silent(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(30)
    return web.Response()


WITH_KEY = SpeechResource(region="westeurope", key=Secret("0123"))
WITH_IDENTITY = SpeechResource(region="westeurope", resource_id="/subscriptions/1")


async def test_a_service_that_lets_us_in_answers_within_a_time() -> None:
    async with service(welcome) as there:
        found = await Probe(WITH_KEY, there.url).ask(None)
        assert isinstance(found, str)
        assert found.startswith("westeurope answers within ")
        assert there.shown[0]["Ocp-Apim-Subscription-Key"] == "0123"


async def test_an_identity_shows_its_token_with_the_resource() -> None:
    async with service(welcome) as there:
        await Probe(WITH_IDENTITY, there.url).ask("token")
        assert there.shown[0]["Authorization"] == "Bearer aad#/subscriptions/1#token"
        assert "Ocp-Apim-Subscription-Key" not in there.shown[0]


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (401, ErrorKind.AUTHENTICATION, "check AZURE_SPEECH_KEY"),
        (403, ErrorKind.AUTHENTICATION, "refuses us (403)"),
        (429, ErrorKind.THROTTLED, "too many requests"),
        (500, ErrorKind.UNAVAILABLE, "answers with status 500"),
        (200, ErrorKind.UNAVAILABLE, "answers with status 200"),
    ],
)
async def test_a_refusal_says_what_to_look_at(status: int, kind: ErrorKind, words: str) -> None:
    async with service(refusal(status)) as there:
        found = await Probe(WITH_KEY, there.url).ask(None)
        assert isinstance(found, Failure)
        assert found.kind is kind
        assert words in found.detail
        assert "0123" not in found.detail


async def test_a_service_that_is_not_there_or_does_not_answer_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    found = await Probe(WITH_KEY, "http://127.0.0.1:9/stt").ask(None)
    assert isinstance(found, Failure)
    assert found.kind is ErrorKind.UNAVAILABLE
    monkeypatch.setattr(module, "ASK_S", 0.1)
    async with service(silent) as there:
        found = await Probe(WITH_KEY, there.url).ask(None)
        assert isinstance(found, Failure)
        assert found.kind is ErrorKind.TIMEOUT


async def test_an_answer_is_good_for_a_while_and_a_refusal_for_less(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000.0]
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    async with service(refusal(503)) as there:
        probe = Probe(WITH_KEY, there.url)
        for _ in range(3):
            await probe.ask(None)
        assert len(there.shown) == 1
        now[0] += module.ILL_S + 0.1
        await probe.ask(None)
        assert len(there.shown) == 2
    async with service(welcome) as there:
        probe = Probe(WITH_KEY, there.url)
        await probe.ask(None)
        now[0] += module.WELL_S - 0.1
        await probe.ask(None)
        assert len(there.shown) == 1
