"""Machines behind one load balancer: servers of real processes that share nothing but a real Redis."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path

import httpx
import msgspec

from app.cluster.call_directory import call_key
from tests.cloud.acs.calls import Call
from tests.cloud.acs.emulator import AcsEmulator
from tests.kit.balancer import Balancer, balancer
from tests.kit.ports import free_port
from tests.kit.redis_server import RedisServer, redis_server
from tests.kit.serving import AUTHORITIES
from tests.service.telephony.processes import Processes
from tests.service.telephony.telephone_kit import SECRET

AGENT = """
name: tester
label: Tester
greeting: Hello there.
limits: {no_input_s: 300, filler_after_ms: 300_000}
"""
"""Says nothing of its own to somebody whom a busy machine lets wait."""


class Machines(msgspec.Struct, frozen=True):
    """The network, and servers of one worker each that are started and reachable at `url`, whichever answers."""

    acs: AcsEmulator
    redis: RedisServer
    balancer: Balancer
    all: list[Processes]
    environments: list[dict[str, str]]
    """Of each, with which it is started"""
    ways: list[Balancer]
    """Of each to Redis, where they have ways of their own"""

    @property
    def one(self) -> Processes:
        """The first."""
        return self.all[0]

    @property
    def other(self) -> Processes:
        """The second."""
        return self.all[1]

    @property
    def url(self) -> str:
        """Where the network reaches them."""
        return self.balancer.url

    def only(self, machine: Processes) -> None:
        """Have every new connection come to this machine."""
        self.balancer.only(int(machine.url.rpartition(":")[2]))

    def cut_off(self, machine: Processes) -> None:
        """Cut a machine off from Redis, which the others reach."""
        way = self.ways[self.all.index(machine)]
        way.choose = list
        way.cut()

    def connect(self, machine: Processes) -> None:
        """Have a machine reach Redis again."""
        way = self.ways[self.all.index(machine)]
        way.choose = lambda: way.ports

    def owner(self, call: Call) -> str:
        """The id of the worker that has a call; empty if none has."""
        return self.redis.command("HGET", call_key(secret_of(call)), "owner")

    async def restart(self, machine: Processes) -> None:
        """Have a machine end as a deployment has it, and start it again; returns when it listens."""
        machine.end()
        assert await asyncio.to_thread(machine.ended) == 0
        await machine.start(**self.environments[self.all.index(machine)])

    def end(self, machine: Processes, how: str) -> None:
        """Have a machine end: `kill`ed as it stands, or told to `drain`."""
        if how == "kill":
            machine.kill_everything()
        else:
            machine.end()

    def rest(self) -> httpx.AsyncClient:
        """A client of their API that keeps no connection."""
        limits = httpx.Limits(max_keepalive_connections=0)
        return httpx.AsyncClient(
            base_url=f"{self.url}/api/v1", trust_env=False, verify=AUTHORITIES, timeout=30, limits=limits
        )


def secret_of(call: Call) -> str:
    """The part of a call's addresses that only the network knows."""
    return call.plan.callback_uri.rpartition("/")[2]


@asynccontextmanager
async def machines(
    directory: Path,
    agent: str = AGENT,
    *,
    count: int = 2,
    own_addresses: bool = False,
    has_own_ways: bool = False,
    **more: str,
) -> AsyncIterator[Machines]:
    """`count` of them, started; `more`: of their environment. `own_addresses`: what the network has to tell of a call,
    and its media socket, come to the machine that has answered or placed it, and not to the balancer. `has_own_ways`:
    each has a way to Redis of its own, of which it can be cut off.
    """
    port = free_port() if has_own_ways else 0
    with redis_server(directory, port=port) as redis, ExitStack() as stack:
        async with AcsEmulator() as acs:
            acs.event_grid.secret = ("x-earshot-event-grid-secret", SECRET)
            made: list[Processes] = []
            for name in map(str, range(count)):
                (directory / name).mkdir()
                made.append(Processes(acs, directory / name, stack, agent))
            async with balancer(*(int(each.url.rpartition(":")[2]) for each in made)) as front:
                shared = {"DRAIN_POLICY": "hand_over", "DRAIN_GRACE_S": "20", **more}
                async with AsyncExitStack() as ways_stack:
                    ways = [await ways_stack.enter_async_context(balancer(port)) for _ in made if has_own_ways]
                    urls = [way.url.replace("http", "redis", 1) for way in ways] or [redis.url] * count
                    environments = [
                        {"BASE_URL": each.url if own_addresses else front.url, "REDIS_URL": url, **shared}
                        for each, url in zip(made, urls, strict=True)
                    ]
                    starts = [each.start(**own) for each, own in zip(made, environments, strict=True)]
                    # All have started or failed by then: one that started later would be ended by nobody.
                    for failed in await asyncio.gather(*starts, return_exceptions=True):
                        if failed is not None:
                            raise failed
                    yield Machines(acs, redis, front, made, environments, ways)
                    stack.close()
