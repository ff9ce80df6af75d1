"""The product and the emulator of the telephone network, in one process and on one loop, over real sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
from hypercorn.asyncio import serve
from hypercorn.config import Config

from actors.agent import Agent
from actors.conversation import Role
from actors.tools import AnyTool
from app.api.asgi import app_of_worker
from app.assembly import Assembly
from app.server.lifecycle import Lifecycle
from app.services import Services
from app.telephony.call import Call
from app.telephony.switchboard import Switchboard
from config.settings import Settings
from tests.cloud.acs.caller import Caller
from tests.cloud.acs.emulator import AcsEmulator
from tests.cloud.web_server import take_no_more
from tests.kit.fakes import FakeSynthesizer
from tests.kit.service_kit import FAKES
from tests.kit.serving import AUTHORITIES
from tests.kit.session_kit import AGENT
from tests.kit.speech import RATE_HZ

OURS = "+15550199"

UNHURRIED = FAKES["SPEECH_SYNTHESIZER"]
"""A synthesizer that speaks at fifty milliseconds a character, so that there is time to speak into it."""


class Telephone(msgspec.Struct, frozen=True):
    """A server that answers calls, and the network."""

    acs: AcsEmulator
    service: Services
    switchboard: Switchboard
    url: str
    rest: httpx.AsyncClient

    @property
    def webhook(self) -> str:
        """Where Event Grid delivers."""
        return f"{self.url}/api/v1/calls/answer"

    async def log(self, call_id: str) -> Any:
        """A call as the REST API shows it."""
        return (await self.rest.get(f"/calls/{call_id}")).json()


@asynccontextmanager
async def telephone(
    agent: Agent = AGENT,
    tools: dict[str, AnyTool] | None = None,
    acs: AcsEmulator | None = None,
    **environ: str,
) -> AsyncIterator[Telephone]:
    """A worker with exact engines, reachable over loopback, whose calls come and go by the emulator."""
    async with acs or AcsEmulator() as emulator:
        listening = socket.create_server(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        variables = {
            **FAKES,
            "SPEECH_SYNTHESIZER": "tests.kit.fakes:fast_synthesizer",
            "HOST": "127.0.0.1",
            "BASE_URL": url,
            "ACS_CONNECTION_STRING": emulator.connection_string,
            "ACS_SOURCE_PHONE_NUMBER": OURS,
            "ENABLE_AUTH_VALIDATION": "on",
            "ACS_AUDIENCE": emulator.audience,
            "ACS_ISSUER": emulator.issuer,
            "ACS_JWKS_URL": emulator.jwks_url,
            "EVENT_GRID_SECRET": SECRET,
            **environ,
        }
        emulator.event_grid.secret = ("x-earshot-event-grid-secret", SECRET)
        lifecycle = Lifecycle()
        service = Services(Settings.read(variables), lifecycle, {agent.name: agent}, tools or {})
        worker = Assembly(service)
        switchboard = worker.switchboard
        app: Any = app_of_worker(worker)
        ended = asyncio.Event()
        config = Config()
        descriptor = listening.detach()
        config.bind = [f"fd://{descriptor}"]
        config.graceful_timeout = 0.5
        config.keep_alive_timeout = 2
        config.errorlog = config.accesslog = None
        running = asyncio.ensure_future(serve(app, config, shutdown_trigger=ended.wait, mode="asgi"))
        # No connection is kept: the server may close one in the very moment in which it is used again.
        limits = httpx.Limits(max_keepalive_connections=0)
        async with httpx.AsyncClient(
            base_url=f"{url}/api/v1", trust_env=False, verify=AUTHORITIES, timeout=60, limits=limits
        ) as rest:
            try:
                await _until_it_answers(rest, running)
                lifecycle.ready()
                await room(service)
                yield Telephone(emulator, service, switchboard, url, rest)
            finally:
                await take_no_more(descriptor)
                ended.set()
                await running


SECRET = "a secret of the subscription"[:24].replace(" ", "-")


async def _until_it_answers(rest: httpx.AsyncClient, running: asyncio.Future[None]) -> None:
    async with asyncio.timeout(60):
        while not running.done():
            try:
                await rest.get("/health/live")
            except httpx.TransportError:
                await asyncio.sleep(0.01)
            else:
                return
    running.result()


async def room(service: Services) -> None:
    """Wait until the service takes a session: not while a busy machine has its loop run late."""
    async with asyncio.timeout(60):
        while service.capacity.left == 0:  # noqa: ASYNC110  nobody is told
            await asyncio.sleep(0.1)


async def answered(phone: Telephone, from_: str = "+15550100") -> Caller:
    """A caller who has been greeted."""
    await room(phone.service)
    caller = await phone.acs.dial(phone.webhook, from_=from_)
    await caller.connected()
    # What is heard of a short greeting may be over before this goes on.
    await caller.hears_reply(quiet_ms=300, since_s=caller.ear.started_s)
    return caller


async def did_not_work(phone: Telephone) -> None:
    """Wait until the agent has said that its tool failed."""
    (entry,) = phone.service.sessions.live.values()
    assert entry.session is not None
    async with asyncio.timeout(60):
        while not entry.session.record().messages[-1].text.endswith("That did not work."):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def over(phone: Telephone, caller: Caller) -> Call:
    """Wait until the call is over on both sides."""
    assert caller.call is not None
    await caller.ended()
    call = phone.switchboard.log.of_id(caller.call.connection_id)
    assert call is not None
    async with asyncio.timeout(60):
        await call.over.wait()
    return call


def said(phone: Telephone) -> list[str]:
    """What the user of the one session that is live has said."""
    (entry,) = phone.service.sessions.live.values()
    assert entry.session is not None
    return [message.text for message in entry.session.record().messages if message.role is Role.USER]


def slow_synthesizer() -> FakeSynthesizer:
    """A plug-in that takes its time to begin."""
    return FakeSynthesizer(delay_s=0.5)


def tone(ms: int, amplitude: int = 15_000) -> bytes:
    """What the energy detector takes for a voice."""
    return (amplitude.to_bytes(2, "little", signed=True) + (-amplitude).to_bytes(2, "little", signed=True)) * (
        ms * RATE_HZ // 2000
    )
