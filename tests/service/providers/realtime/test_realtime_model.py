"""How a session is opened: by key and by identity, and every way in which that fails."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import msgspec
import pytest
from aiohttp import web
from azure.core.credentials import AccessToken

from actors.errors import ErrorKind, RealtimeError
from actors.ports import realtime as port
from actors.ports import realtime_events as reported
from app.providers.azure.identity import Identity, Purpose
from app.providers.realtime import model as opening
from app.providers.realtime.model import RealtimeService
from app.providers.realtime.resource import SCOPE, RealtimeResource
from protocol.realtime.failure_kinds import FailureKind
from tests.cloud.journal import Journal
from tests.cloud.realtime.emulator import AUDIENCE, RealtimeEmulator, Refusal
from tests.cloud.tokens import TokenIssuer
from tests.service.providers.realtime.conversing import OPTIONS, conversing, ga, voice_live

Make = Callable[[RealtimeEmulator], RealtimeResource]
ISSUER = TokenIssuer("https://entra.invalid", AUDIENCE)


class Tokens:
    """A credential that signs by itself."""

    def __init__(self, issuer: TokenIssuer) -> None:
        self.issuer = issuer
        self.scopes: list[str] = []

    async def get_token(self, *scopes: str) -> AccessToken:
        self.scopes += scopes
        return AccessToken(self.issuer.issue(), int(time.time()) + 3_600)

    async def close(self) -> None:
        pass


@pytest.fixture
async def service() -> AsyncIterator[RealtimeEmulator]:
    async with RealtimeEmulator(entra=ISSUER, models=("speaker", "other")) as emulator:
        yield emulator


async def refused(resource: RealtimeResource, options: port.RealtimeOptions = OPTIONS) -> RealtimeError:
    model = RealtimeService(resource)
    try:
        with pytest.raises(RealtimeError) as raised:
            await model.open(options, lambda _: None)
        return raised.value
    finally:
        await model.close()


@pytest.mark.parametrize("make", [ga, voice_live])
async def test_an_identity_opens_sessions(service: RealtimeEmulator, make: Make) -> None:
    tokens = Tokens(ISSUER)
    resource = msgspec.structs.replace(make(service), key=None)
    model = RealtimeService(resource, Identity(lambda: tokens, Purpose("Realtime", SCOPE, "OPENAI_API_KEY")))
    ready = asyncio.Event()
    try:
        client = await model.open(
            OPTIONS, lambda event: ready.set() if isinstance(event, reported.RealtimeReady) else None
        )
        await asyncio.wait_for(ready.wait(), 30)
        await client.close()
    finally:
        await model.close()
    assert tokens.scopes == ["https://ai.azure.com/.default"]


@pytest.mark.parametrize(
    ("resource", "asked"),
    [
        (ga, {"path": "/openai/v1/realtime", "model": "speaker"}),
        (voice_live, {"path": "/voice-live/realtime", "api-version": "2026-07-15", "model": "speaker"}),
    ],
)
async def test_where_a_session_is_opened(service: RealtimeEmulator, resource: Make, asked: dict[str, str]) -> None:
    async with conversing(service, resource(service)):
        pass
    assert list(service.requests) == [asked]


async def test_a_conversation_may_name_its_model(service: RealtimeEmulator) -> None:
    async with conversing(service, ga(service), model="other"):
        pass
    assert service.requests[0]["model"] == "other"


async def test_a_model_has_to_be_named(service: RealtimeEmulator) -> None:
    error = await refused(msgspec.structs.replace(ga(service), model=""))
    assert error.kind is ErrorKind.BAD_REQUEST
    assert "AZURE_OPENAI_REALTIME_DEPLOYMENT_ID" in error.detail


async def test_a_wrong_key_is_named(service: RealtimeEmulator) -> None:
    error = await refused(ga(service, key="wrong"))
    assert error.kind is ErrorKind.AUTHENTICATION
    assert "AZURE_OPENAI_KEY" in error.detail
    assert "wrong" not in error.detail


async def test_a_model_that_there_is_not_is_named(service: RealtimeEmulator) -> None:
    error = await refused(msgspec.structs.replace(ga(service), model="nowhere"))
    assert error.kind is ErrorKind.BAD_REQUEST
    assert "AZURE_OPENAI_REALTIME_DEPLOYMENT_ID" in error.detail


@pytest.mark.parametrize(
    ("refusal", "kind", "retry_after_s"),
    [
        (Refusal(429, {"Retry-After": "3"}), ErrorKind.THROTTLED, 3.0),
        (Refusal(403), ErrorKind.AUTHENTICATION, None),
        (Refusal(400), ErrorKind.BAD_REQUEST, None),
        (Refusal(500), ErrorKind.UNAVAILABLE, None),
        (Refusal(503, {"Retry-After": "1"}), ErrorKind.UNAVAILABLE, 1.0),
    ],
)
async def test_a_connection_that_is_refused(
    service: RealtimeEmulator, refusal: Refusal, kind: ErrorKind, retry_after_s: float | None
) -> None:
    service.refusals.append(refusal)
    error = await refused(ga(service))
    assert (error.kind, error.retry_after_s) == (kind, retry_after_s)


async def test_a_service_that_does_not_answer(service: RealtimeEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "CONNECT_TIMEOUT_S", 0.2)
    service.refusals.append(Refusal(503, after_s=5))
    assert (await refused(ga(service))).kind is ErrorKind.TIMEOUT


async def test_a_service_that_is_not_there() -> None:
    async with RealtimeEmulator() as service:
        resource = ga(service)
    assert (await refused(resource)).kind is ErrorKind.UNAVAILABLE


async def test_a_machine_without_identity_is_told_what_to_set(service: RealtimeEmulator) -> None:
    def none() -> Tokens:
        raise ValueError

    resource = msgspec.structs.replace(voice_live(service), key=None)
    identity = Identity(none, Purpose("Azure Voice Live", SCOPE, "AZURE_VOICE_LIVE_API_KEY"))
    model = RealtimeService(resource, identity)
    with pytest.raises(RealtimeError, match=r"Azure Voice Live.*AZURE_VOICE_LIVE_API_KEY"):
        await model.open(OPTIONS, lambda _: None)
    await model.close()


async def test_what_each_service_can_do(service: RealtimeEmulator) -> None:
    models = [RealtimeService(ga(service)), RealtimeService(voice_live(service))]
    assert [model.abilities.speaks_text for model in models] == [False, True]
    assert {model.abilities.kind for model in models} == {port.RealtimeKind.TURNS}
    for model in models:
        await model.close()


@pytest.mark.parametrize("resource", [ga, voice_live], ids=["ga", "voice live"])
async def test_readiness_says_whether_the_service_takes_our_connections_and_asks_seldom(
    service: RealtimeEmulator, resource: Make
) -> None:
    model = RealtimeService(resource(service))
    assert [await model.ready() for _ in range(3)] == [f"{resource(service).label} answers"] * 3
    assert len(service.requests) == 1
    await model.close()


async def test_readiness_says_why_it_does_not(service: RealtimeEmulator) -> None:
    model = RealtimeService(voice_live(service, key="wrong"))
    for _ in range(3):
        with pytest.raises(RealtimeError, match="AZURE_VOICE_LIVE_API_KEY"):
            await model.ready()
    assert len(service.requests) == 1
    await model.close()


async def test_a_session_that_was_opened_says_enough(service: RealtimeEmulator) -> None:
    model = RealtimeService(voice_live(service))
    session = await model.open(OPTIONS, lambda event: None)
    await model.ready()
    assert len(service.requests) == 1
    await session.close()
    await model.close()


async def test_a_connection_that_answers_no_ping_is_taken_for_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "HEARTBEAT_S", 0.4)

    async def handle(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        await socket.send_json({"type": "session.updated", "session": {}})
        async for _ in socket:
            pass
        return socket

    app = web.Application()
    app.router.add_get("/v1/realtime", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}/v1/realtime"
    resource = RealtimeResource(
        label="mute", address=address, model="m", model_variable="M", key_variable="K", identity=False
    )
    reports: Journal[reported.RealtimeEvent] = Journal()
    model = RealtimeService(resource)
    session = await model.open(OPTIONS, reports.append)
    closed = await reports.until(lambda event: isinstance(event, reported.RealtimeClosed), 30)
    assert isinstance(closed, reported.RealtimeClosed)
    assert closed.kind is FailureKind.TRANSIENT
    await session.close()
    await model.close()
    await runner.cleanup()
