"""Two machines behind one load balancer: servers of real processes that share nothing but a real Redis."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import httpx
import msgspec

from app.cluster.call_directory import call_key
from tests.cloud.acs.calls import Call
from tests.cloud.acs.emulator import AcsEmulator
from tests.kit.balancer import Balancer, balancer
from tests.kit.redis_server import RedisServer, redis_server
from tests.kit.serving import AUTHORITIES
from tests.service.telephony.processes import Processes
from tests.service.telephony.telephone_kit import SECRET

AGENT = """
name: tester
label: Tester
greeting: Hello there.
"""


class Machines(msgspec.Struct, frozen=True):
    """The network, and two servers of one worker each that are started and reachable at `url`, whichever answers."""

    acs: AcsEmulator
    redis: RedisServer
    balancer: Balancer
    one: Processes
    other: Processes

    @property
    def url(self) -> str:
        """Where the network reaches them."""
        return self.balancer.url

    def only(self, machine: Processes) -> None:
        """Have every new connection come to this machine."""
        self.balancer.only(int(machine.url.rpartition(":")[2]))

    def owner(self, call: Call) -> str:
        """The id of the worker that has a call; empty if none has."""
        return self.redis.command("HGET", call_key(secret_of(call)), "owner")

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
    directory: Path, agent: str = AGENT, *, own_addresses: bool = False, **more: str
) -> AsyncIterator[Machines]:
    """Both started; `more`: of their environment. `own_addresses`: what the network has to tell of a call, and its
    media socket, come to the machine that has answered or placed it, and not to the balancer.
    """
    with redis_server(directory) as redis, ExitStack() as stack:
        async with AcsEmulator() as acs:
            acs.event_grid.secret = ("x-earshot-event-grid-secret", SECRET)
            made: list[Processes] = []
            for name in ("one", "other"):
                (directory / name).mkdir()
                made.append(Processes(acs, directory / name, stack, agent))
            async with balancer(*(int(each.url.rpartition(":")[2]) for each in made)) as front:
                shared = {"REDIS_URL": redis.url, "DRAIN_POLICY": "hand_over", "DRAIN_GRACE_S": "20", **more}
                await asyncio.gather(
                    *(each.start(BASE_URL=each.url if own_addresses else front.url, **shared) for each in made)
                )
                yield Machines(acs, redis, front, *made)
                stack.close()
