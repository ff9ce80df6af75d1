"""Workers that stand still past their lease while they speak, and are let go on when another worker has their call.

`python -m tests.load.two_owners --freezes 50` prints how many frames came of the worker that had lost its call. The
emulated network keeps the old media socket open meanwhile, as if the order to close it were slow: whatever the worker
says on it would be heard.
"""

import argparse
import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec

from app.cluster.call_directory import call_key
from tests.cloud.acs.caller import Caller
from tests.cloud.acs.emulator import AcsEmulator
from tests.kit.redis_server import RedisServer, redis_server
from tests.kit.serving import stopped
from tests.service.telephony.processes import Processes, processes

AGENT = f"""
name: tester
label: Tester
greeting: {"On and on and on it goes. " * 40}
"""
"""It speaks for a minute."""
TAKEN_S = 30.0
"""Another worker has the call of a worker that stands still by then."""
LEFT_S = 30.0
"""A worker that goes on has left the call by then."""
ON_ITS_WAY_S = 0.3
"""What was sent before the worker was stopped has come by then."""
SLOW_ORDER_S = 4.0


class Freeze(msgspec.Struct, frozen=True):
    """One time that a worker stood still."""

    frames_after: int
    """Of sound, that came on its media socket once it went on."""
    frames_before: int
    went_on_elsewhere: bool
    """Whether the caller heard the other worker."""


async def freezes(count: int, **more: str) -> list[Freeze]:
    """Have the worker that speaks stand still so many times. `more`: of the server's environment."""
    with tempfile.TemporaryDirectory() as directory, redis_server(Path(directory)) as redis:
        async with processes(Path(directory), AGENT) as (acs, server):
            await server.start(REDIS_URL=redis.url, WEB_CONCURRENCY="2", WORKER_TIMEOUT_S="600", **more)
            return [await _freeze(acs, server, redis) for _ in range(count)]


async def _freeze(acs: AcsEmulator, server: Processes, redis: RedisServer) -> Freeze:
    caller = await acs.dial(f"{server.url}/api/v1/calls/answer")
    call = await caller.connected()
    await caller.hears_voice(since_s=caller.ear.started_s)
    media = call.media
    assert media is not None
    secret = media.options.transport_url.rpartition("/")[2]
    pid, owner = await _speaks(server), redis.command("HGET", call_key(secret), "owner")
    acs.faults.delay("stop_media_streaming", SLOW_ORDER_S, times=1)
    async with _standing_still(pid):
        async with asyncio.timeout(TAKEN_S):
            while redis.command("HGET", call_key(secret), "owner") == owner:  # noqa: ASYNC110  another process does it
                await asyncio.sleep(0.02)
        await asyncio.sleep(ON_ITS_WAY_S)
        before, connections = len(media.received.where(_is_sound)), media.connections
    async with asyncio.timeout(LEFT_S):
        while media.connected and media.connections == connections:  # noqa: ASYNC110  another process does it
            await asyncio.sleep(0.005)
    after = len(media.received.where(_is_sound)) - before
    return Freeze(after, before, await _goes_on(caller))


async def _goes_on(caller: Caller) -> bool:
    """Whether the caller is talked to again; they hang up."""
    heard_s = await caller.hears_voice(timeout_s=TAKEN_S)
    caller.hang_up()
    await caller.ended()
    return heard_s > 0


def _is_sound(message: object) -> bool:
    return getattr(message, "kind", "") == "audio"


async def _speaks(server: Processes) -> int:
    """The process id of the worker that has the only session."""
    async with httpx.AsyncClient(base_url=f"{server.url}/api/v1", trust_env=False, timeout=30) as rest:
        actors = (await rest.get("/health/actors?scope=cluster")).json()
    (pid,) = (each["worker"] for each in (actors, *actors["others"]) if each["sessions"])
    return int(pid)


@asynccontextmanager
async def _standing_still(pid: int) -> AsyncIterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        async with asyncio.timeout(TAKEN_S):
            while not stopped(pid):  # noqa: ASYNC110  the kernel does it
                await asyncio.sleep(0.01)
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def table(found: list[Freeze]) -> str:
    """The result, as it is printed."""
    after = [each.frames_after for each in found]
    lines = [f"workers stopped past their lease while they spoke: {len(found)}"]
    lines += [f"frames after they went on: {sum(after)}, in {sum(map(bool, after))} of {len(found)} cases"]
    lines += [f"calls that went on at another worker: {sum(each.went_on_elsewhere for each in found)}"]
    return "\n".join(lines)


def main() -> None:
    """Run it as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--freezes", type=int, default=50)
    found = asyncio.run(freezes(parser.parse_args().freezes))
    print(table(found))
    raise SystemExit(any(each.frames_after for each in found))


if __name__ == "__main__":
    main()
