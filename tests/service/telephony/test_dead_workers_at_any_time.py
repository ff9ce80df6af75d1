"""A worker dies at an awkward moment of a call: nobody is left with silence. Real processes, killed or stopped."""

import asyncio
import os
import random
import signal
from pathlib import Path

import httpx
import pytest

from tests.cloud.acs.caller import CallOver
from tests.kit.serving import AUTHORITIES
from tests.service.telephony.processes import goes_on, greeted, processes

WITHIN_S = 60.0
CALLEE = "+15550177"


def rest(url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"{url}/api/v1", trust_env=False, verify=AUTHORITIES, timeout=30)


@pytest.mark.parametrize("after_ms", [0, *sorted(random.Random(1).sample(range(10, 400), 3))])
async def test_while_it_answers_a_call_the_caller_is_talked_to_or_hears_that_it_is_over(
    tmp_path: Path, after_ms: int
) -> None:
    async with processes(tmp_path) as (acs, server):
        await server.start()
        dialling = asyncio.ensure_future(acs.dial(f"{server.url}/api/v1/calls/answer", from_="+15550101"))
        await asyncio.sleep(after_ms / 1_000)
        server.kill_workers()
        caller = await dialling
        try:
            await caller.connected(WITHIN_S)
            await goes_on(caller, asyncio.get_running_loop().time())
        except CallOver:
            pass
        await caller.ended(WITHIN_S)


async def test_while_a_call_of_ours_rings_whoever_picks_it_up_is_talked_to_or_hung_up_on(tmp_path: Path) -> None:
    async with processes(tmp_path) as (acs, server):
        await server.start()
        async with rest(server.url) as client:
            placed = await client.post("/calls/initiate", json={"target_number": CALLEE})
        assert placed.status_code == 200, placed.text
        server.kill_workers()
        person = await acs.callee(CALLEE, WITHIN_S)
        try:
            await person.connected(WITHIN_S)
            await person.hears_voice(timeout_s=WITHIN_S)
            person.hang_up()
        except CallOver:
            pass
        await person.ended(WITHIN_S)


async def test_while_a_caller_is_on_hold_they_are_talked_to_when_they_are_back(tmp_path: Path) -> None:
    async with processes(tmp_path) as (acs, server):
        await server.start()
        caller = await greeted(acs, server.url, 0)
        assert caller.call is not None
        call_id = caller.call.connection_id
        async with rest(server.url) as client:
            assert (await client.post(f"/calls/{call_id}/hold")).status_code == 200
            server.kill_workers()
            async with asyncio.timeout(WITHIN_S):
                while (await _status(client, call_id)) not in ("connected", "on_hold"):  # noqa: ASYNC110
                    await asyncio.sleep(0.2)
            unheld = await client.post(f"/calls/{call_id}/unhold")
        assert unheld.status_code in (200, 409), unheld.text
        await goes_on(caller, asyncio.get_running_loop().time())
        await caller.ended(WITHIN_S)


async def test_whose_hold_ends_while_nobody_has_the_call_is_talked_to(tmp_path: Path) -> None:
    async with processes(tmp_path) as (acs, server):
        await server.start()
        caller = await greeted(acs, server.url, 0)
        call = await caller.connected()
        async with rest(server.url) as client:
            assert (await client.post(f"/calls/{call.connection_id}/hold")).status_code == 200
        server.kill_workers()
        # Nobody is told: the worker to which it would be is dead.
        call.participants[caller.raw_id].is_on_hold = False
        await goes_on(caller, asyncio.get_running_loop().time())
        await caller.ended(WITHIN_S)


async def _status(client: httpx.AsyncClient, call_id: str) -> str:
    try:
        return str((await client.get(f"/calls/{call_id}")).json().get("status"))
    except httpx.TransportError:
        return "nobody answers"


async def test_while_it_drains_the_caller_is_not_left_with_silence(tmp_path: Path) -> None:
    async with processes(tmp_path) as (acs, server):
        await server.start(DRAIN_GRACE_S="30")
        caller = await greeted(acs, server.url, 0)
        server.end()
        await asyncio.sleep(0.5)
        server.kill_workers()
        await asyncio.to_thread(server.ended)
        await server.start()
        assert caller.call is not None
        # Nobody knows of the call any more but the network, which tells of it again.
        caller.call.emit_participants()
        await caller.ended(WITHIN_S)


async def test_one_that_is_stopped_is_replaced_and_its_callers_are_talked_to(tmp_path: Path) -> None:
    async with processes(tmp_path) as (acs, server):
        await server.start(WORKER_TIMEOUT_S="3")
        callers = await asyncio.gather(*(greeted(acs, server.url, number) for number in range(2)))
        stopped_s = asyncio.get_running_loop().time()
        for pid in server.workers():
            os.kill(pid, signal.SIGSTOP)
        await asyncio.gather(*(goes_on(caller, stopped_s) for caller in callers))
        await asyncio.gather(*(caller.ended(WITHIN_S) for caller in callers))


async def test_a_transcribed_call_is_transcribed_on(tmp_path: Path) -> None:
    async with processes(tmp_path) as (acs, server):
        await server.start(ACS_STREAMING_MODE="transcription")
        caller = await acs.dial(f"{server.url}/api/v1/calls/answer", from_="+15550101")
        await caller.connected()
        assert caller.call is not None
        # The first socket may come before the worker dies, or not.
        before = caller.call.media.connections if caller.call.media is not None else 0
        server.kill_workers()
        async with asyncio.timeout(WITHIN_S):
            while (media := caller.call.media) is None or not media.connected or media.connections == before:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        caller.hang_up()
        await caller.ended(WITHIN_S)
