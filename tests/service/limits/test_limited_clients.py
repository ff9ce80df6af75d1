"""What a client over its limits meets, at every door; and that another client meets nothing."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from actors.agent import Agent
from actors.ports.llm import ModelRequest, ReplyGenerated, TextGenerated
from actors.runtime.clock import run_virtual
from app.api.asgi import app_of
from app.auth.exposure import Exposure
from app.browser.dashboard_socket import MAX_OF_A_SESSION
from app.limits.client_limits import Rate
from app.limits.clients import Clients, TooManyError
from app.limits.metered_model import MeteredModel
from app.providers.failover.model import FailoverModel
from app.services import Services
from config.settings import Settings
from tests.kit.clients.asgi_socket import AsgiSocket, Closed
from tests.kit.fakes import FakeModel
from tests.kit.service_kit import running
from tests.kit.session_kit import AGENT
from tests.service.browser.test_conversation_socket import Client

SILENT = Agent(name="tester", label="Tester")


def from_address(address: str) -> dict[str, str]:
    """The headers by which a proxy on this machine names its client."""
    return {"x-forwarded-for": address}


async def refusal_of(service: Services, address: str = "203.0.113.9", **query: str) -> Closed | None:
    """How a socket is closed that comes from `address`; None if it is not."""
    client = Client(service, from_address(address), **query)
    await asyncio.sleep(0.3)
    if client.closed is None:
        client.leave()
        await asyncio.sleep(0.1)
    return client.closed


def clients_of(environ: Mapping[str, str], now: Callable[[], float] = lambda: 0.0) -> Clients:
    settings = Settings.read({"HOST": "127.0.0.1", **environ})
    return Clients(settings, Exposure(settings), now)


def virtually(test: Any, environ: Mapping[str, str], agent: Agent = AGENT) -> None:
    async def main() -> None:
        async with running({"BROWSER_AUTH": "off", **environ}, agent) as service:
            await test(service)

    run_virtual(main())


def test_conversations_at_once() -> None:
    async def test(service: Services) -> None:
        kept = [Client(service, from_address("203.0.113.9"), session_id=f"s{n}") for n in range(2)]
        await asyncio.sleep(0.5)
        assert all(client.closed is None for client in kept)
        refused = await refusal_of(service)
        assert refused is not None
        assert refused.code == 1013
        assert "too many conversations" in refused.reason
        assert await refusal_of(service, "203.0.113.10") is None
        # The client's own session is no further one.
        assert await refusal_of(service, session_id="s0") is None
        kept[1].socket.send('{"type": "hang_up"}')
        await asyncio.sleep(1)
        assert await refusal_of(service) is None

    virtually(test, {"CLIENT_SESSIONS": "2"})


def test_connections_a_minute_whatever_becomes_of_them() -> None:
    async def test(service: Services) -> None:
        outcomes = [await refusal_of(service, session_id="not an id!") for _ in range(3)]
        outcomes += [await refusal_of(service, session_id="same") for _ in range(4)]
        assert [getattr(outcome, "code", None) for outcome in outcomes] == [1008, 1008, 1008, None, None, None, 1013]
        assert await refusal_of(service, "2001:db8::1") is None
        await asyncio.sleep(61)
        assert await refusal_of(service) is None

    virtually(test, {"CLIENT_CONNECTIONS_PER_MINUTE": "3"})


def test_programs_on_this_machine_are_not_limited() -> None:
    async def test(service: Services) -> None:
        clients = [Client(service) for _ in range(20)]
        await asyncio.sleep(0.5)
        assert all(client.closed is None for client in clients)
        for client in clients:
            client.leave()

    virtually(test, {"CLIENT_SESSIONS": "1", "CLIENT_CONNECTIONS_PER_MINUTE": "1"})


@pytest.mark.parametrize(
    ("environ", "headers", "limited"),
    [
        ({}, {}, False),
        ({"HOST": "0.0.0.0"}, {}, True),
        ({}, {"forwarded": "for=203.0.113.9"}, True),
        ({}, {"x-real-ip": "203.0.113.9"}, True),
        ({"BASE_URL": "https://voice.example.org"}, {}, True),
        ({"BASE_URL": "http://localhost:8000"}, {}, False),
        ({}, {"via": "1.1 proxy"}, True),
        ({}, {"cf-connecting-ip": "203.0.113.9"}, True),
        ({}, {"host": "voice.example.org"}, True),
    ],
)
def test_who_comes_from_this_machine_and_may_speak_for_others_is_limited(
    environ: dict[str, str], headers: dict[str, str], limited: bool
) -> None:
    clients = clients_of(environ)
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    assert bool(clients.of({"type": "http", "client": ("127.0.0.1", 1), "headers": raw})) is limited


def test_a_user_is_one_client_wherever_from() -> None:
    clients = clients_of({"CLIENT_TEXTS_PER_MINUTE": "2"})
    for address in ("203.0.113.1", "203.0.113.2"):
        clients.require(clients.of({"type": "http", "client": (address, 1), "headers": []}, "ann"), Rate.TEXTS)
    with pytest.raises(TooManyError):
        clients.require(clients.of({"type": "http", "client": ("203.0.113.3", 1), "headers": []}, "ann"), Rate.TEXTS)
    clients.require(clients.of({"type": "http", "client": ("203.0.113.3", 1), "headers": []}, "ben"), Rate.TEXTS)


def test_one_line_tells_of_many_refusals(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    clients = clients_of({"CLIENT_TEXTS_PER_MINUTE": "1"}, lambda: now)
    clients.require(("a",), Rate.TEXTS)
    for _ in range(50):
        with pytest.raises(TooManyError):
            clients.require(("a",), Rate.TEXTS)
    now = 15.0
    with pytest.raises(TooManyError):
        clients.require(("a",), Rate.TEXTS)
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2
    assert "; 49 more refused" in lines[1]


def test_typed_texts_and_what_they_make_the_model_cost() -> None:
    async def test(service: Services) -> None:
        failover = service.engines.model
        assert isinstance(failover, FailoverModel)
        (model,) = failover.providers.engines
        assert isinstance(model, FakeModel)
        client = Client(service, from_address("203.0.113.9"))
        await asyncio.sleep(0.5)
        for number in range(400):
            client.socket.send(f"text {number}")
            await asyncio.sleep(11 / 400)
        errors = [message["payload"]["error_message"] for message in client.of("error")]
        assert 300 < len(errors) < 400
        assert errors[0].startswith("too many typed texts: try again in ")
        assert len(model.requests) <= 12
        # It waits for its turn, and is answered: once.
        await asyncio.sleep(10)
        assert client.closed is None
        assert len(model.requests) <= 13
        assert "text 5" in model.requests[-1].messages[-1].text
        client.leave()

    virtually(test, {"CLIENT_TEXTS_PER_MINUTE": "60", "CLIENT_MODEL_REQUESTS_PER_MINUTE": "10"}, SILENT)


def test_answers_that_cost_too_much_wait_or_fail() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        clients = clients_of({"CLIENT_MODEL_TOKENS_PER_MINUTE": "600"}, loop.time)
        inner = FakeModel(lambda _: [TextGenerated("Yes."), ReplyGenerated(620, 20)])
        metered = MeteredModel(inner, clients, ("a",))
        request = ModelRequest(session_id="s", turn=1, agent=AGENT, messages=())

        async def ask() -> list[Any]:
            return [event async for event in metered.reply(request)]

        assert len(await ask()) == 2
        began = loop.time()
        assert len(await ask()) == 2
        assert 4 < loop.time() - began < 4.2
        inner.script = lambda _: [ReplyGenerated(10_000, 0)]
        await asyncio.sleep(120)
        await ask()
        with pytest.raises(Exception, match="throttled"):
            await ask()
        await metered.close()

    run_virtual(main())


def test_dashboards_of_a_client_of_a_session_and_of_all() -> None:
    async def test(service: Services) -> None:
        app = app_of(service)
        opened: list[AsgiSocket] = []

        async def code(address: str, session_id: str) -> int:
            socket = AsgiSocket(app, "/api/v1/realtime/dashboard/relay", from_address(address), session_id=session_id)
            opened.append(socket)
            try:
                async with asyncio.timeout(0.2):
                    await socket.recv()
            except TimeoutError:
                return 0
            except Closed as closed:
                return closed.code
            return 0

        assert [await code("203.0.113.9", f"s{n}") for n in range(4)] == [0, 0, 0, 1013]
        outcomes = [await code(f"203.0.113.{10 + n}", "s1") for n in range(MAX_OF_A_SESSION)]
        assert outcomes == [0] * (MAX_OF_A_SESSION - 1) + [1013]
        total = [await code(f"198.51.100.{n}", f"other{n}") for n in range(12)]
        assert sum(outcome == 0 for outcome in total) == 20 - 3 - (MAX_OF_A_SESSION - 1)
        for socket in opened:
            socket.close()
        await asyncio.sleep(0.1)
        assert await code("203.0.113.9", "s0") == 0

    virtually(test, {"CLIENT_RELAYS": "3", "MAX_RELAYS": "20"})


async def test_requests_that_cost_something_are_answered_with_429() -> None:
    async with running({"CLIENT_REQUESTS_PER_MINUTE": "2"}) as service:
        transport = httpx.ASGITransport(app_of(service), client=("203.0.113.9", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            for _ in range(2):
                assert (await client.post("/api/v1/realtime/token")).status_code != 429
            answer = await client.post("/api/v1/realtime/token")
            assert answer.status_code == 429
            assert answer.headers["content-type"] == "application/problem+json"
            assert 1 <= int(answer.headers["retry-after"]) <= 30
            assert answer.json()["detail"].startswith("too many requests: try again in ")
            assert (await client.get("/api/v1/health/live")).status_code == 200
