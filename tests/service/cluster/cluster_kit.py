"""Two workers in one process that share a real Redis and a telephone network that takes no orders."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from unittest.mock import AsyncMock

import msgspec

from actors.messages.caller import BLIND, ConnectionAttached, TextEntered
from actors.session.sessions import SessionEntry
from app.assembly import Assembly
from app.carrier import carrier_of
from app.services import Services
from app.telephony.call import Call, Direction
from protocol.calls import CallState
from tests.kit.redis_cluster import RedisCluster
from tests.kit.redis_server import RedisServer
from tests.kit.service_kit import running
from tests.kit.session_kit import AGENT
from tests.service.stores.places import soon


class Worker:
    """A worker that takes part in the cluster."""

    def __init__(self, service: Services) -> None:
        self.service = service
        self.control = AsyncMock()
        carrier = msgspec.structs.replace(carrier_of(service.settings), control=self.control)
        worker = Assembly(service, carrier)
        self.assembly = worker
        self.noticed: list[bytes] = []
        """What other workers have told of `notice`."""
        self.board, self.new_calls, self.cluster = worker.switchboard, worker.new_calls, worker.cluster

    async def talks(self, session_id: str, **more: str) -> SessionEntry:
        """A session of this worker in which somebody has said hello; `more` are further fields of its plan."""
        service = self.service
        plan = service.plans.plan(session_id, "media", service.agents["tester"], "resume_me", **more)
        attached = ConnectionAttached(connection_id="c", lead=BLIND, rate_hz=16_000)
        entry = service.sessions.open(plan, service.outputs.of(session_id), attached)
        entry.deliver(TextEntered("hello"))
        async with asyncio.timeout(20):
            while not any(message.text == "hello" for message in entry.checkpoint.messages):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        return entry

    async def answer(self, payload: bytes) -> bytes:
        """Deals with what other workers pass on."""
        return self.cluster.worker.encode() + b" got " + payload

    def call(self, secret_of: str = "call") -> Call:
        """A call that is up here."""
        call = self.new_calls.begin(Direction.INBOUND, AGENT, "media", "+15550100")
        call.identify(secret_of)
        call.change_state(CallState.CONNECTED, self.service.clock.wall())
        return call


@asynccontextmanager
async def two_workers(redis: RedisServer | RedisCluster) -> AsyncIterator[tuple[Worker, Worker]]:
    """Both are reachable."""
    async with AsyncExitStack() as stack:
        workers: list[Any] = []
        for _ in range(2):
            service = await stack.enter_async_context(running({"REDIS_URL": redis.url}))
            worker = Worker(service)
            worker.board.start()
            worker.cluster.on("request", worker.answer)
            worker.cluster.on_notice("notice", worker.noticed.append)
            worker.cluster.start()
            stack.push_async_callback(worker.cluster.stop)
            workers.append(worker)
        for worker in workers:
            await worker.cluster.requests.is_reachable.wait()
        yield workers[0], workers[1]


async def known(worker: Worker, call: Call) -> str:
    """Wait until a worker knows which other one has the call."""
    found: list[str] = []

    async def is_known() -> bool:
        found[:] = [await worker.cluster.owner_of_call(call.secret, "")]
        return bool(found[0]) and await worker.cluster.owner_of_call("", call.call_id) == found[0]

    await soon(is_known)
    return found[0]
