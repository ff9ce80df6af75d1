"""Where the workers of a chaos run are: three of one server, or each at a server of its own, as on machines that share
nothing but Redis and a load balancer.
"""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

from tests.cloud.acs.emulator import AcsEmulator
from tests.kit.balancer import balancer
from tests.service.telephony.processes import AGENT, Processes, processes
from tests.service.telephony.telephone_kit import SECRET

WORKERS = 3
POLICY = {"DRAIN_POLICY": "hand_over", "WORKER_TIMEOUT_S": "60"}


class Site(Protocol):
    """Workers behind one address, of which one after the other comes to something."""

    url: str

    def a_worker(self) -> int:
        """The process id of one of them, by chance."""

    async def kill(self) -> None:
        """End one as a crash would; another is started in its place."""

    async def drain(self) -> None:
        """Tell one to end as a deployment does; another is started in its place."""


Open = Callable[[Path, str], AbstractAsyncContextManager[tuple[AcsEmulator, Site]]]
"""Started in a folder, with the address of its Redis, and the network that calls it."""


class _OneServer:
    """A launcher starts another worker by itself where one has ended."""

    def __init__(self, server: Processes) -> None:
        self.url = server.url
        self._server = server

    def a_worker(self) -> int:
        return random.choice(self._server.workers())

    async def kill(self) -> None:
        os.kill(self.a_worker(), signal.SIGKILL)

    async def drain(self) -> None:
        os.kill(self.a_worker(), signal.SIGTERM)


@asynccontextmanager
async def one_server(directory: Path, redis_url: str) -> AsyncIterator[tuple[AcsEmulator, Site]]:
    """Three workers of one server."""
    async with processes(directory) as (acs, server):
        await server.start(REDIS_URL=redis_url, WEB_CONCURRENCY=str(WORKERS), **POLICY)
        yield acs, _OneServer(server)


class _Machines:
    """Servers of one worker each, which a platform starts again where one has ended."""

    def __init__(self, url: str, all_: list[Processes], variables: dict[str, str]) -> None:
        self.url = url
        self._all = all_
        self._variables = variables
        self._away: set[Processes] = set()
        self.restarts: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        await asyncio.gather(*(machine.start(**self._variables) for machine in self._all))

    def a_worker(self) -> int:
        (pid,) = self._present().workers()
        return pid

    async def kill(self) -> None:
        machine = self._present()
        machine.kill_everything()
        self._replace(machine, machine.start(**self._variables))

    async def drain(self) -> None:
        machine = self._present()
        machine.end()
        self._replace(machine, self._started_again(machine))

    def _present(self) -> Processes:
        return random.choice([machine for machine in self._all if machine not in self._away])

    def _replace(self, machine: Processes, start: Coroutine[Any, Any, None]) -> None:
        async def replace() -> None:
            await start
            self._away.discard(machine)

        self._away.add(machine)
        task = asyncio.create_task(replace())
        self.restarts.add(task)
        task.add_done_callback(self.restarts.discard)

    async def _started_again(self, machine: Processes) -> None:
        await asyncio.to_thread(machine.ended)
        await machine.start(**self._variables)


@asynccontextmanager
async def separate_machines(directory: Path, redis_url: str) -> AsyncIterator[tuple[AcsEmulator, Site]]:
    """Three servers of one worker each, with ports and folders of their own."""
    async with AcsEmulator() as acs:
        acs.event_grid.secret = ("x-earshot-event-grid-secret", SECRET)
        with ExitStack() as stack:
            folders = [directory / f"machine-{number}" for number in range(WORKERS)]
            for folder in folders:
                folder.mkdir()
            made = [Processes(acs, folder, stack, AGENT) for folder in folders]
            async with balancer(*(int(each.url.rpartition(":")[2]) for each in made)) as front:
                site = _Machines(front.url, made, {"BASE_URL": front.url, "REDIS_URL": redis_url, **POLICY})
                await site.start()
                yield acs, site
                await asyncio.gather(*site.restarts)
                await asyncio.to_thread(stack.close)
