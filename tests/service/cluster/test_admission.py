"""Two machines of which each takes two sessions: a call is refused when neither has room, and not before."""

import asyncio
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from app.cluster.headroom import LEFT
from tests.cloud.acs.caller import CallOver
from tests.kit.serving import AUTHORITIES
from tests.service.cluster.machines import Machines, machines
from tests.service.telephony.processes import greeted

EACH = "2"
BY_THEN_S = 60.0
CONVERSATION = "/api/v1/realtime/conversation"


async def until(at: Machines, sessions: list[int], left: list[int]) -> None:
    """Wait until the machines have so many sessions, and each knows how many more both take, the least one first."""
    async with asyncio.timeout(BY_THEN_S):
        while await _sessions(at) != sessions or _left(at) != left:  # noqa: ASYNC110  another process tells nobody
            await asyncio.sleep(0.1)
    # What is told is read by the other with its next look.
    await asyncio.sleep(1.0)


async def _sessions(at: Machines) -> list[int]:
    found = []
    for machine in (at.one, at.other):
        async with httpx.AsyncClient(
            base_url=f"{machine.url}/api/v1", trust_env=False, verify=AUTHORITIES, timeout=30
        ) as rest:
            found.append((await rest.get("/health/actors")).json()["capacity"]["sessions"])
    return found


def _left(at: Machines) -> list[int]:
    told = at.redis.command("HVALS", LEFT).splitlines()
    return sorted(int(each.split()[1]) for each in told)


async def test_a_full_machine_has_the_other_answer_and_place_its_calls_until_both_are_full(tmp_path: Path) -> None:
    async with machines(tmp_path, own_addresses=True, MAX_CONCURRENT_SESSIONS=EACH) as at:
        at.only(at.one)
        callers = [await greeted(at.acs, at.url, number) for number in range(2)]
        await until(at, [2, 0], [0, 2])
        callers.append(await greeted(at.acs, at.url, 2))
        await until(at, [2, 1], [0, 1])
        async with at.rest() as rest:
            placed = await rest.post("/calls/initiate", json={"target_number": "+15550155"})
            assert placed.status_code == 200, placed.text
            callee = await at.acs.callee("+15550155")
            await callee.connected()
            await until(at, [2, 2], [0, 0])
            refused = await rest.post("/calls/initiate", json={"target_number": "+15550156"})
        assert refused.status_code == 503, refused.text
        assert int(refused.headers["Retry-After"]) > 0
        busy = await at.acs.dial(f"{at.url}/api/v1/calls/answer", from_="+15550109")
        with pytest.raises(CallOver):
            await busy.connected()
        assert at.acs.executions["reject_call"] == 1
        async with connect(at.url.replace("http", "ws", 1) + CONVERSATION, proxy=None) as socket:
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(socket.recv(), BY_THEN_S)
            assert socket.close_code == 1013
        for caller in (*callers, callee):
            caller.hang_up()
        await until(at, [0, 0], [2, 2])
